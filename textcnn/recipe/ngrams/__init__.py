"""The n-gram expert: a linear model of words, n-grams and parts of words, beside the network."""
