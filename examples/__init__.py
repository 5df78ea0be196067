"""What can be run straight from a clone."""
