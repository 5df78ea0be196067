"""Seeing into a network: why a sentence got its label, and what training has taught it."""
