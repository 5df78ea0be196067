"""A trained model as its users meet it: text in, predictions out.
Single sentences, streams, files, and exports to other programs.
"""
