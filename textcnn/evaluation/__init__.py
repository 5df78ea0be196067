"""How good a model is: scores, folds, search, comparison.
Also what is wrong with the data (doctor) and with the program (selfcheck).
"""
