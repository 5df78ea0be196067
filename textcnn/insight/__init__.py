"""Why a model gives one answer, what it has learnt, and how a run went.
Explanations, n-grams, reports, TensorBoard and the list of runs.
"""
