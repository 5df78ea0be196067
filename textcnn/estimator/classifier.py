"""The classifier as scikit-learn's users know one: in pipelines, searches and ensembles.

It stands on the same calls as the command line: equal options and sentences give equal networks,
byte for byte, and each reads the other's checkpoints.
"""

import dataclasses
import numbers
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.utils.multiclass import unique_labels
from sklearn.utils.validation import check_is_fitted

from textcnn.core.progress import Evaluation, EvaluationDone, Event, evaluation_line, history_rows
from textcnn.core.tokenizers import CUSTOM, Tokenizer
from textcnn.data.datasets.corpus import Corpora
from textcnn.data.datasets.labelled_texts import LabelledTexts
from textcnn.data.datasets.splits import Split
from textcnn.data.labels import kind_of, values_of
from textcnn.data.tokenized_data import TokenizedData
from textcnn.estimator.checking import (
    NAME,
    CheckedTokenizer,
    InputError,
    TrainingInput,
    checked_texts,
    class_names,
    sequence_of_labels,
    told_in_python,
    without_space,
)
from textcnn.estimator.options import config_of, described_options, parameters_of, seed_of
from textcnn.inference.classifier import Classifier
from textcnn.recipe.config import Config
from textcnn.support.errors import UserError
from textcnn.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from textcnn.training.continuing import InitialNetwork
from textcnn.training.one_pass import train_one_pass
from textcnn.training.run import train_in_memory
from textcnn.training.run_folder import find_checkpoint


@dataclass(kw_only=True, eq=False, repr=False)
class TextCNNClassifier(ClassifierMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A sentence classifier: the convolutional network of Kim (2014), and counts beside it.

    Trained as ``textcnn train`` does. A share of the sentences, ``dev_share``, chooses the epoch
    (equal sentences are always on one side), and unless ``refit`` is False the network is then
    trained anew on all of them for as long. ``X`` is a sequence of text, ``y`` holds one label a
    sentence or, where there may be several or none, a row of 0 and 1 with a column for each label.

    Args:
        <options>
        random_state: decides the dev part and, unless ``network_seed`` does, the network. None
            draws from NumPy's own generator, as everywhere in scikit-learn.
        class_weight: None, "balanced" (each class the same weight in the loss, however rare it is),
            or what each class counts; those that are not in the dict count 1, and it may name
            classes that have no sentence.
        warm_start: whether ``fit`` goes on from the present network, with new words and new labels,
            as ``textcnn train --init-from`` does. Sentences that it knows never choose the epoch.
        verbose: 1 prints a line for each evaluation.

    Attributes:
        classes_: (C,) the labels, sorted; where there may be several, the numbers of the columns.
        history_: what each evaluation found, in order, a dict each; in an ensemble with its
            ``network``, counted from 1.
        n_iter_: passes over the training sentences before training ended.
        checkpoint_: the network, as :class:`textcnn.training.checkpoint.Checkpoint` describes it.

    >>> from textcnn import TextCNNClassifier
    >>> praise = [f"a {word} film" for word in ("fine", "witty", "warm", "lovely", "bright")]
    >>> blame = [f"a {word} film" for word in ("dull", "slow", "cold", "ugly", "flat")]
    >>> classifier = TextCNNClassifier(num_filters=8, embedding_dim=16, epochs=5)
    >>> classifier.fit(praise + blame, ["good"] * 5 + ["bad"] * 5).predict(["a witty , warm film"])
    array(['good'], dtype='<U4')
    """

    dev_share: float = 0.1
    tokenizer: str | Tokenizer = "auto"
    max_tokens: int = 0
    min_count: int = 1
    max_vocabulary: int = 0
    mode: str | None = None
    vectors: str | Path | None = None
    vectors_algorithm: str = "word2vec"
    vectors_text: str | Path | None = None
    embedding_dim: int = 100
    filter_sizes: Sequence[int] = (3, 4, 5)
    num_filters: int = 100
    ensemble: int = 1
    ngrams: int = 2
    subwords: int = 6
    dropout: float = 0.5
    dropout_draw: str = "batch"
    word_dropout: float = 0.2
    l2: float = 0.0
    row_norm: float = 3.0
    optimizer: str = "adam"
    learning_rate: float | None = None
    beta1: float = 0.9
    beta2: float = 0.999
    rho: float = 0.95
    momentum: float = 0.9
    epsilon: float | None = None
    clip_norm: float = 0.0
    batch_size: int = 50
    epochs: int = 25
    patience: int = 3
    best_by: str = "loss"
    class_weight: str | Mapping[Any, float] | None = None
    averaging: float = 0.6
    refit: bool = True
    evaluate_every: int = 0
    random_state: int | np.random.RandomState | None = 0
    network_seed: int | None = None
    warm_start: bool = False
    verbose: int = 0

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on labelled sentences.

        Args:
            X: N texts.
            y: N labels that can be sorted, or (N, C) of 0 and 1.
            sample_weight: (N,) what each sentence counts in the loss; only the proportions matter.
                Vocabulary and counts are of all sentences alike.

        Raises:
            ValueError: a parameter or the data cannot be used.
            RunError: training diverged.
        """
        with told_in_python():
            given = TrainingInput.checked(X, y, sample_weight)
            initial = (
                self._initial(given) if self.warm_start and self.__sklearn_is_fitted__() else None
            )
            classes = given.classes
            if initial is not None:
                classes = self.classes_ if given.several else np.union1d(self.classes_, classes)
            _check_several_classes(classes)
            config = self._config(given, initial, seed_of(self.random_state))
            data = TokenizedData.prepare(
                _corpus(given, classes),
                config,
                self._custom_tokenizer(),
                self._weights(given, classes),
                None if initial is None else initial.handed_on,
            )
            data = dataclasses.replace(data, declared=tuple(class_names(classes)))
            start = None if initial is None else InitialNetwork.of(initial)
            trained, outcome = train_in_memory(config, data, self._report, start, self._listen)
        self._keep(trained, classes, _history([choice.history for choice in outcome.choices]))
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Go once over these sentences, all of which train, from where the network stands.

        New words join the vocabulary and new sentences the counts; sentences counted before are
        not counted again. The optimizer goes on too, its arrays extended by rows for new words:
        were it started afresh, each call would begin with Adam's first steps, which are as long as
        the learning rate allows whatever the gradients. What was there is copied for each call,
        so calls with many sentences cost less than many calls. ``min_count``, ``max_vocabulary``
        and the epoch of ``averaging`` refer to the sentences of one call.

        Args:
            X: N texts.
            y: as for :meth:`fit`; a class may have no sentences yet.
            classes: all classes there will ever be; needed in the first call, and the numbers of
                the columns where a sentence may have several.
            sample_weight: as for :meth:`fit`.

        Raises:
            ValueError: a parameter or the data cannot be used.
            RunError: training diverged.
        """
        with told_in_python():
            given = TrainingInput.checked(X, y, sample_weight)
            self._check_can_go_on()
            initial = self._initial(given) if self.__sklearn_is_fitted__() else None
            known = self._declared_classes(classes)
            _check_several_classes(known)
            seed = seed_of(self.random_state) if initial is None else initial.config.seed
            config = self._config(given, initial, seed)
            data = TokenizedData.undivided(
                Corpora(_corpus(given, known)), config, self._custom_tokenizer()
            )
            rows, nothing = np.arange(len(given.texts)), np.arange(0)
            data = dataclasses.replace(
                data,
                split=Split(rows, nothing, nothing),
                weights=self._weights(given, known),
                inherited=None if initial is None else initial.handed_on,
                declared=tuple(class_names(known)),
            )
            trained = train_one_pass(config, data, self._report, initial)
        history = trained.history
        self._report(evaluation_line(history[-1]))
        self._keep(trained, known, history_rows(history))
        return self

    def predict(self, X: Any) -> np.ndarray:
        """(N,) the most probable label of each text.

        Where there may be several: (N, C) of 0 and 1, each class by the threshold that dev chose.
        """
        probabilities = self.predict_proba(X)
        thresholds = self.checkpoint_.thresholds
        if thresholds is None:
            return self.classes_[probabilities.argmax(axis=1)]
        return (probabilities >= thresholds[self._columns]).astype(np.int64)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The share of texts whose label, or set of labels, is right; warns of unknown labels.

        Raises:
            ValueError: the data cannot be used.
        """
        y = sequence_of_labels(y)
        unknown = (
            set() if np.ndim(y) == 2 else {*np.asarray(y).tolist()} - {*self.classes_.tolist()}
        )
        if unknown:
            warnings.warn(
                f"y: no prediction can be {min(unknown, key=str)!r}, which is none of the classes",
                stacklevel=2,
            )
        return float(super().score(X, y, sample_weight))

    def predict_proba(self, X: Any) -> np.ndarray:
        """(N, C) float32 probabilities, the columns as in ``classes_``.

        Where there may be several labels, each is a probability by itself.
        """
        return self._rows(X, Classifier.predict_proba).take(self._columns, axis=1)

    def decision_function(self, X: Any) -> np.ndarray:
        """(N, C) float32 logits, what the probabilities are made of.

        With two classes, one a sentence: (N,) that of the second less that of the first.
        """
        logits = self._rows(X, Classifier.logits).take(self._columns, axis=1)
        if logits.shape[1] == 2 and not self.checkpoint_.config.multilabel:
            return logits[:, 1] - logits[:, 0]
        return logits

    def explain(self, text: str) -> Any:
        """Why a text is classified as it is, exactly: terms that add up to the logits.

        In a notebook it shows itself; ``print`` writes it as ``textcnn explain`` does.

        Returns:
            :class:`textcnn.insight.explanations.explanation.Explanation`; its labels are in the
            order of ``checkpoint_.labels``.
        """
        # Imported here: predicting has no use for it.
        from textcnn.insight.explanations.explaining import Explainer

        check_is_fitted(self)
        (checked,) = checked_texts([text])
        # With the tokenizer that predicts, be the parameter another by now.
        return Explainer(self.checkpoint_, self._model.tokenize).explain(checked)

    def transform(self, X: Any) -> np.ndarray:
        """(N, networks * heights * num_filters) float32: how strongly each filter responded.

        The largest value of each filter anywhere in the text, after ReLU, as the dense layer has
        it: features for another model.
        """
        return self._rows(X, Classifier.features)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """(networks * heights * num_filters,) names of the columns of :meth:`transform`.

        Args:
            input_features: not used; here so that pipelines may give them.
        """
        check_is_fitted(self)
        config, several = self.checkpoint_.config, len(self.checkpoint_.networks)
        names = [
            f"height{height}_filter{number}"
            for height in config.filter_sizes
            for number in range(config.num_filters)
        ]
        if several > 1:
            numbers = range(1, 1 + several)
            names = [f"network{number}_{name}" for number in numbers for name in names]
        return np.array(names, dtype=object)

    def save(self, path: str | Path) -> None:
        """Write the network as one file, the same as ``textcnn train`` writes, atomically.

        A tokenizer that is a function is not in it, nor are the weights of a ``class_weight`` dict.

        Raises:
            ValueError: it cannot be written there, or a word cannot be stored.
            RunError: writing failed, for instance because the disk is full.
        """
        check_is_fitted(self)
        with told_in_python():
            try:
                save_checkpoint(Path(path), self.checkpoint_)
            except ValueError as error:  # A NUL or a lone surrogate, of the user's tokenizer.
                raise InputError(f"{path}: a word cannot be stored: {error}") from error

    @classmethod
    def load(cls, path: str | Path, tokenizer: Tokenizer | None = None) -> Self:
        """The estimator of a checkpoint, from here or from the command line, or of a run's folder.

        Args:
            path: the file or the folder.
            tokenizer: the function that it was trained with, where it was.

        Raises:
            ValueError: the file cannot be used, or the tokenizer is missing or one too many.
        """
        with told_in_python():
            checkpoint = _read(find_checkpoint(Path(path)))
            config = checkpoint.config
            if tokenizer is not None and config.tokenizer != CUSTOM:
                raise InputError(f"{path}: has the tokenizer {config.tokenizer}; give no other")
            loaded = cls(**parameters_of(checkpoint, tokenizer))
            loaded._keep(
                checkpoint,
                np.sort(values_of(checkpoint.labels, checkpoint.label_kind)),
                history_rows(checkpoint.history),
            )
        return loaded

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "checkpoint_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.classifier_tags.multi_label = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _rows(self, X: Any, method: Callable[[Classifier, list[str]], np.ndarray]) -> np.ndarray:
        check_is_fitted(self)
        return method(self._model, checked_texts(X))

    def _config(self, given: TrainingInput, initial: Checkpoint | None, seed: int) -> Config:
        return config_of(self.get_params(deep=False), given.several, seed, initial)

    def _custom_tokenizer(self) -> Tokenizer | None:
        return CheckedTokenizer(self.tokenizer) if callable(self.tokenizer) else None

    def _weights(self, given: TrainingInput, classes: np.ndarray) -> np.ndarray | None:
        """What each sentence counts, by itself and by its class."""
        if not isinstance(self.class_weight, Mapping):
            return given.weights
        if given.several:
            raise InputError(
                "class_weight: a dict is for one label a sentence; use 'balanced' or sample_weight"
            )
        absent = [label for label in self.class_weight if label not in set(classes.tolist())]
        if absent:
            warnings.warn(f"class_weight: no sentence is of class {absent[0]!r}", stacklevel=3)
        of_class = [self.class_weight.get(label, 1.0) for label in classes.tolist()]
        for label, it in zip(classes.tolist(), of_class, strict=True):
            if isinstance(it, bool) or not isinstance(it, numbers.Real) or not it >= 0:
                raise InputError(f"class_weight: {label!r} counts {it!r}; give a number from 0 up")
        if not any(of_class):
            raise InputError("class_weight: every class counts 0; give one of them more")
        weights = np.array(of_class, np.float64)[given.numbers(classes)]
        return weights if given.weights is None else weights * given.weights

    def _initial(self, given: TrainingInput) -> Checkpoint:
        """The present network, to go on from with these sentences."""
        checkpoint = self.checkpoint_
        if len(checkpoint.networks) > 1:
            raise InputError("an ensemble cannot be trained on; go on from a single network")
        if checkpoint.rounded:
            raise InputError(
                "a small copy cannot be trained on, as its numbers have fewer bits; go on from the "
                "network that it was made of"
            )
        if given.several != checkpoint.config.multilabel:
            raise InputError(
                "y: the network was trained on one label a sentence and cannot go on with several, "
                "nor the other way round"
            )
        kind = kind_of(given.classes.tolist())
        if not given.several and kind != checkpoint.label_kind:
            raise InputError(f"y: labels of type {kind}, the network's are {checkpoint.label_kind}")
        return checkpoint

    def _check_can_go_on(self) -> None:
        if self.ensemble != 1:
            raise InputError("partial_fit trains one network; leave ensemble at 1")
        if isinstance(self.class_weight, str):
            raise InputError(
                "class_weight 'balanced' is not supported for partial_fit, which does not see all "
                "sentences at once; give a dict or sample_weight"
            )

    def _declared_classes(self, classes: Any) -> np.ndarray:
        """The classes of all calls; in scikit-learn's words where they are missing or others."""
        if not self.__sklearn_is_fitted__():
            if classes is None:
                raise InputError("classes must be passed on the first call to partial_fit.")
            return _different(classes)
        if classes is not None and not np.array_equal(self.classes_, _different(classes)):
            raise InputError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: "
                f"{self.classes_!r}"
            )
        return self.classes_

    def _report(self, line: str) -> None:
        if self.verbose:
            print(line)

    def _listen(self, event: Event) -> None:
        if isinstance(event, EvaluationDone):
            self._report(evaluation_line(event.evaluation, event.is_best))

    def _keep(
        self, checkpoint: Checkpoint, classes: np.ndarray, history: list[dict[str, float]]
    ) -> None:
        kind = kind_of(classes.tolist())
        number = {label: column for column, label in enumerate(checkpoint.labels)}
        self.checkpoint_ = dataclasses.replace(checkpoint, label_kind=kind)
        self.classes_ = classes
        self.history_ = history
        self.n_iter_ = max((int(np.ceil(row["epoch"])) for row in history), default=0)
        # The core's classes are in the order of their names, in which 10 goes before 2.
        self._columns = np.array([number[name] for name in class_names(classes)])
        self._model = Classifier(self.checkpoint_, self._custom_tokenizer())


if TextCNNClassifier.__doc__:  # There is none with python -OO.
    TextCNNClassifier.__doc__ = TextCNNClassifier.__doc__.replace(
        "        <options>", described_options()
    )


def _different(classes: Any) -> np.ndarray:
    """The classes that ``partial_fit`` is told of, each once and sorted."""
    return unique_labels(without_space(np.asarray(classes), "classes"))


def _read(path: Path) -> Checkpoint:
    """A checkpoint, with what training goes on from where the file holds it."""
    try:
        return load_checkpoint(path, for_training=True)
    except UserError:  # Of an ensemble, a small copy, or, as will now be said, of nothing at all.
        return load_checkpoint(path)


def _check_several_classes(classes: np.ndarray) -> None:
    if len(classes) < 2:
        raise InputError(
            f"{NAME} needs samples of at least 2 classes in the data, but the data contains only "
            f"one class: {classes.tolist()[0]!r}"
        )


def _corpus(given: TrainingInput, classes: np.ndarray) -> LabelledTexts:
    source = f"{len(given.texts):,} sentences given in Python"
    return LabelledTexts(given.texts, given.names(classes), source)


def _history(histories: list[list[Evaluation]]) -> list[dict[str, float]]:
    """The evaluations of one network or of several as plain dicts."""
    if len(histories) == 1:
        return history_rows(histories[0])
    return [
        {"network": number, **row}
        for number, history in enumerate(histories, start=1)
        for row in history_rows(history)
    ]
