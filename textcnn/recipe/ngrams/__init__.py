"""What counting training sentences says of a sentence's class, beside what the network finds."""
