"""A text classifier whose network, a Kim (2014) sentence CNN, is written by hand in NumPy."""

__version__ = "0.1.0"
