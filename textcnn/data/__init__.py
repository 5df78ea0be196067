"""Labelled sentences and word vectors from outside the program, checked.
The readers of every format, the division into train, dev and test, and the vectors' formats.
"""
