"""The network as a scikit-learn estimator; see :class:`textcnn.TextCNNClassifier`."""
