"""Kim's network and nothing else: from text to loss and back to the word vectors, with the
optimizers and the training loop. It is all that is needed to train a sentence CNN and predict with
it.
"""
