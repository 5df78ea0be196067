"""What goes beyond the paper and raises accuracy: n-grams, calibration, averaging of
parameters, dropout by batch, class weights. Each wraps or follows the network from outside.
"""
