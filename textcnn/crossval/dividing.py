"""The sentences of a cross-validation, read and divided into its folds."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from textcnn.config import Config
from textcnn.crossval.folds import Fold, fold_with_test, make_folds
from textcnn.crossval.plan import Plan
from textcnn.datasets.corpus import load_corpus
from textcnn.datasets.labelled_texts import LabelledTexts
from textcnn.datasets.splits import Split
from textcnn.experiment import TokenizedData, fingerprint
from textcnn.tokenizers import TOKENIZERS

Report = Callable[[str], None]


@dataclass(frozen=True)
class Corpora:
    """What was read.

    Attributes:
        learnt: the sentences, of which each fold tests a part.
        tested: the sentences that every fold tests, if they came apart.
    """

    learnt: LabelledTexts
    tested: LabelledTexts | None

    @classmethod
    def read(cls, config: Config, test_data: tuple[str, ...], report: Report) -> "Corpora":
        """Read what ``--data`` and ``--test-data`` name, the other data options being for both.

        Raises:
            UserError: the data cannot be used.
            RunError: the movie reviews could not be reached.
        """
        learnt = load_corpus(config, report)
        if not test_data:
            return cls(learnt, None)
        return cls(learnt, load_corpus(dataclasses.replace(config, data=test_data), report))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of each."""
        return " ".join(fingerprint(corpus) for corpus in (self.learnt, self.tested) if corpus)


def divide_corpora(
    corpora: Corpora, config: Config, plan: Plan, report: Report
) -> tuple[TokenizedData, list[Fold]]:
    """Tokenise all sentences, those of the test part last, and divide them.

    Returns:
        The sentences, with no split of their own, and the folds in order.

    Raises:
        UserError: naming the option that cannot be, or a label with too few different sentences.
    """
    texts, labels = list(corpora.learnt.texts), list(corpora.learnt.labels)
    if corpora.tested is not None:
        texts += corpora.tested.texts
        labels += corpora.tested.labels
    tokenize = TOKENIZERS[config.tokenizer]
    tokens = [tokenize(text) for text in texts]
    keys = ["\0".join(sentence) for sentence in tokens]
    how = (plan.repeats, config.dev_share, config.seed, plan.train_share)
    if corpora.tested is None:
        folds = make_folds(keys, labels, plan.folds, *how)
    else:
        rows, learnt = np.arange(len(texts)), len(corpora.learnt.texts)
        folds, removed = fold_with_test(keys, labels, rows[:learnt], rows[learnt:], *how)
        if removed:
            report(f"left out of training, since they are tested: {removed:,} sentences")
    nothing = np.arange(0)
    split = Split(nothing, nothing, nothing)
    source = corpora.learnt.source
    return TokenizedData(texts, tokens, labels, split, corpora.fingerprint, source), folds
