"""A text classifier whose network, a Kim (2014) sentence CNN, is written by hand in NumPy."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textcnn.estimator.classifier import TextCNNClassifier
    from textcnn.insight.classifier import Classifier

__all__ = ["Classifier", "TextCNNClassifier", "__version__"]

__version__ = "0.2.0"


def __getattr__(name: str) -> Any:
    # Imported when it is asked for: scikit-learn takes longer to load than a sentence to classify.
    if name == "TextCNNClassifier":
        from textcnn.estimator.classifier import TextCNNClassifier

        return TextCNNClassifier
    if name == "Classifier":
        from textcnn.insight.classifier import Classifier

        return Classifier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
