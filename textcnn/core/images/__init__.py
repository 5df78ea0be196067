"""The exercise's layers for images, which no text network uses: convolution and pooling in two
dimensions.
"""
