"""What a model has learnt: n-grams, filters, neighbours of words."""
