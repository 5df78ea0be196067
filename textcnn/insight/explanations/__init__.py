"""Why a model gives one answer."""
