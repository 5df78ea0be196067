"""Where labelled sentences come from, and how they are divided."""
