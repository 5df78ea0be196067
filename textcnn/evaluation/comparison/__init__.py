"""Two models compared on the same sentences."""
