"""Why a model makes a prediction."""
