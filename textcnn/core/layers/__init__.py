"""Vectorised layers: a layer is a function that returns its output and its own backward pass."""
