"""A classifier that is made when it is first asked, and that can be pickled."""

from dataclasses import dataclass, field

from textcnn.core.tokenizers import Tokenizer
from textcnn.inference.classifier import Classifier
from textcnn.training.checkpoint import Checkpoint


@dataclass
class LazyClassifier:
    """Holds what a :class:`Classifier` is made of.

    A classifier has locks, which cannot be pickled, and tables, which need not be.

    Attributes:
        checkpoint: the model.
        tokenize: with the tokenizer ``custom``, what it stands for.
    """

    checkpoint: Checkpoint
    tokenize: Tokenizer | None
    _made: Classifier | None = field(default=None, repr=False)

    def get(self) -> Classifier:
        """The classifier; two threads that ask for it at first may both make one."""
        made = self._made
        if made is None:
            made = self._made = Classifier(self.checkpoint, tokenize=self.tokenize)
        return made

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_made": None}
