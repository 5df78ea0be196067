"""Search for options: settings drawn by Optuna, each scored on dev sentences only."""
