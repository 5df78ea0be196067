"""Models outside Python's reach: as a page, as a JavaScript module, as arrays with a script.

A checkpoint becomes a header and arrays (:mod:`textcnn.inference.export.model`). For the browser
these are rounded and packed into text (:mod:`textcnn.inference.export.packing`); for NumPy they
stay as they are (:mod:`textcnn.inference.export.arrays`). Both are read by
:mod:`textcnn.inference.export.numpy_classifier`: that is the script that goes with the arrays, and
what tells how far a packed model is from the original.
"""
