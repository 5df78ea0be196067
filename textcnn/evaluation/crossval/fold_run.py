"""One fold: train on its training part, predict its test part, and rivals on the same sentences."""

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from textcnn.core.decisions import decide, is_correct, macro_f1, predictions_of
from textcnn.data.tokenized_data import TokenizedData
from textcnn.evaluation.crossval.baselines import BASELINES, EXPERTS, predict_baseline
from textcnn.evaluation.crossval.folds import Fold, derived_seed
from textcnn.inference.model import Model
from textcnn.recipe.config import Config
from textcnn.recipe.ngrams.expert import Texts
from textcnn.support.errors import RunError, UserError
from textcnn.support.files import replacing
from textcnn.training.option_files import reads_vectors, with_files
from textcnn.training.run import train_in_memory


@dataclass(frozen=True)
class FoldResult:
    """The predictions and scores of a fold.

    Attributes:
        repeat, number: which fold it was.
        rows: (N,) rows of the data that were tested.
        classes: (N,) their true classes, or (N, C) booleans where a sentence may have several.
        probabilities: (N, C) the network's.
        thresholds: (C,) from which on each class is predicted, where there may be several; else
            None.
        baselines: predictions shaped as ``classes``, by the name of the baseline, or of the expert
            where the model is made of several.
        epoch: what dev chose; the mean, of an ensemble.
        dev_accuracy: there; the mean, of an ensemble.
        seconds: spent on the network, not on the baselines.
    """

    repeat: int
    number: int
    rows: np.ndarray
    classes: np.ndarray
    probabilities: np.ndarray
    thresholds: np.ndarray | None
    baselines: dict[str, np.ndarray]
    epoch: float
    dev_accuracy: float
    seconds: float

    @property
    def accuracy(self) -> float:
        """The share of right predictions."""
        return float(is_correct(self.predictions, self.classes).mean())

    @property
    def macro_f1(self) -> float:
        """The mean of the model's F1 of those classes that a tested sentence has."""
        names = self.probabilities.shape[1]
        true = self.classes if self.classes.ndim == 1 else self.classes.nonzero()[1]
        tested = len(np.unique(true))
        # The F1 of the others is 0, so what they take from the mean is their share of it.
        found: float = macro_f1(self.predictions, self.classes, names) * names / max(tested, 1)
        return found

    @property
    def predictions(self) -> np.ndarray:
        """The model's predictions, shaped as ``classes``."""
        return predictions_of(self.probabilities, self.thresholds)

    def rival_accuracies(self) -> dict[str, float]:
        """The accuracies of the baselines and the experts, by name."""
        return {
            name: float(is_correct(predictions, self.classes).mean())
            for name, predictions in self.baselines.items()
        }


def rival_names(config: Config, baselines: bool) -> tuple[str, ...]:
    """Whose predictions stand in the results of a fold, beside those of the whole model.

    The experts do unless the network is all there is.
    """
    return (*(EXPERTS if config.ngrams else ()), *(BASELINES if baselines else ()))


def run_fold(
    config: Config,
    data: TokenizedData,
    fold: Fold,
    baselines: tuple[str, ...],
    **files: Path,
) -> FoldResult:
    """Train and test one fold.

    Args:
        config: the options of training; each fold's networks have seeds of their own.
        data: the sentences; their own split is not used.
        fold: the rows.
        baselines: names of the rivals (:func:`rival_names`).
        files: by the name of the option, what to read in the place of what ``config`` names (see
            :mod:`textcnn.training.option_files`).

    Raises:
        UserError: the data or the vectors cannot be used.
        RunError: training diverged.
    """
    start = time.perf_counter()
    # Far from the seeds of other folds' ensembles.
    seed = derived_seed(config.resolved().network_seed or 0, fold.repeat, fold.number)
    config = with_files(dataclasses.replace(config, network_seed=seed), files)
    data = dataclasses.replace(data, split=fold.split)
    try:
        model, outcome = train_in_memory(config, data, lambda line: None)
    except RunError as error:
        raise RunError(f"repeat {fold.repeat + 1} fold {fold.number + 1}: {error}") from error
    predicting = Model(model)
    tokens = data.tokens.take(fold.split.test)
    classes = data.targets(fold.split.test, model.labels)
    logits = predicting.expert_logits(Texts.of(tokens, model.vocabulary))
    probabilities = predicting.probabilities(predicting.fused(list(logits.values())))
    seconds = time.perf_counter() - start
    return FoldResult(
        repeat=fold.repeat,
        number=fold.number,
        rows=fold.split.test,
        classes=classes,
        probabilities=probabilities,
        thresholds=model.thresholds,
        baselines={
            name: decide(logits[name], classes)
            if name in EXPERTS
            else baseline_predictions(name, data, model.labels)
            for name in baselines
        },
        epoch=float(np.mean([chosen.epoch for chosen in outcome.best])),
        dev_accuracy=float(np.mean([chosen.dev_accuracy for chosen in outcome.best])),
        seconds=seconds,
    )


def baseline_predictions(name: str, data: TokenizedData, labels: list[str]) -> np.ndarray:
    """(N,) classes that a baseline, trained on the train and dev parts, gives the test part."""
    split = data.split
    train, dev, test = (
        list(data.tokens.take(rows)) for rows in (split.train, split.dev, split.test)
    )
    train_classes, dev_classes = (data.targets(rows, labels) for rows in (split.train, split.dev))
    found = predict_baseline(name, train, train_classes, dev, dev_classes, test)
    return found.astype(train_classes.dtype)


def keep_vectors(
    path: Path, config: Config, data: TokenizedData, report: Callable[[str], None]
) -> None:
    """Write the vectors of the data's words to ``path``, in word2vec's binary format.

    Nothing is done where it is there already, or where there are none to be read. All folds read
    them there, for files of vectors can be gigabytes. Which of them a fold's network has is up to
    the vocabulary of its training part, as ever.

    Args:
        path: the file to write.
        config: the options.
        data: the sentences.
        report: told, in one line, what was found.

    Raises:
        UserError: they cannot be read, or none of the words has one.
        RunError: they cannot be fetched, or not be written.
    """
    if path.exists() or not reads_vectors(config):
        return
    # Imported here: gensim is slow to load, and most cross-validations have no use for it.
    from textcnn.data.vectors import load_vectors

    words = sorted(data.tokens.counts())
    vectors = load_vectors(str(config.vectors), words, report)
    report(f"vectors: {vectors.source}: {vectors.coverage}")
    if not vectors.found.any():
        raise UserError(f"--vectors {config.vectors}: no word of the sentences is in it")
    with replacing(path) as aside, aside.open("wb") as stream:
        stream.write(f"{vectors.found.sum()} {vectors.matrix.shape[1]}\n".encode())
        for row in vectors.found.nonzero()[0]:
            stream.write(words[row].encode() + b" ")
            stream.write(vectors.matrix[row].astype("<f4").tobytes())
