"""Why a model makes a prediction, what it has learnt, and how a run went.
Explanations, n-grams, reports, TensorBoard and the list of runs.
"""
