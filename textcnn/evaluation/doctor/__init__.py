"""What is wrong with labelled sentences: labels, near-duplicates, words that give labels away."""
