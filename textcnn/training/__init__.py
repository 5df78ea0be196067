"""A run: its options, set-up, folder and checkpoints, and going on with it.
It puts together the core, the recipe and the data.
"""
