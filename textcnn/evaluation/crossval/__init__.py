"""Cross-validation: folds, rivals on the same folds, and what their accuracies allow to say."""
