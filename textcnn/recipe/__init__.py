"""How a network is trained well: the options, and what goes beyond the paper.

N-grams, fusion, averaging of parameters, dropout by batch, class weights: each wraps or follows
the network from outside.
"""
