"""Proofs, on the user's own machine and in seconds, that the program does what it says."""
