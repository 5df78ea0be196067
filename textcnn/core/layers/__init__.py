"""Vectorised layers: a layer is a function that returns its output and its own backward pass.

A gradient is called ``dX`` when it is that of ``X``. The shapes are written with these letters:

* B sentences in a batch, T words in all of them together, U different words among those
* V words in the vocabulary, D numbers in the vector of one
* h words that a filter looks at, its height; F filters of each height; K, the sum of all heights
* N sentences of any number; M features of a sentence; C classes

A filter's responses over a sentence are its feature map, so F is also the number of maps.
"""
