"""Proofs, on the user's own machine and in seconds, that the program does what it says.

Gradients, predictions against the plain network's, the same bytes, and files that come back.
"""

import functools
import random
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from textcnn.core import network, plain_network
from textcnn.core.architecture import MODES, Architecture, Parameters
from textcnn.core.gradients import Gradients, RowGradient
from textcnn.core.layers.softmax import softmax
from textcnn.core.progress import Event, StepDone
from textcnn.core.sentences import Examples, PackedSentences
from textcnn.core.step import Step, kim_step
from textcnn.core.tokenizers import find_tokenizer
from textcnn.data.datasets.labelled_texts import LabelledTexts
from textcnn.data.tokenized_data import TokenizedData
from textcnn.inference.classifier import FEW_TEXTS, Classifier
from textcnn.recipe.config import Config
from textcnn.recipe.steps import with_l2, with_word_dropout
from textcnn.recipe.thinning import thinned_step
from textcnn.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from textcnn.training.experiment import Experiment, new_experiment
from textcnn.training.resuming import resumed_experiment

STEP = 1e-6
"""The step of central differences. In float64 rounding then costs about 1e-10 of a value, and the
curve's bend less."""

GRADIENT_LIMIT = 1e-6
"""Relative error allowed of a gradient. The differences themselves are good to about 1e-9."""

ANSWER_LIMIT = 1e-3
"""Difference allowed of probabilities, which come from tables of 16-bit integers."""


@dataclass(frozen=True)
class Result:
    """The result of a check.

    Attributes:
        passed: whether all is as it should be.
        figures: the numbers behind that, in a line.
    """

    passed: bool
    figures: str


Check = Callable[[], Result]


def run_checks(checks: Mapping[str, Check]) -> Iterator[tuple[str, Result]]:
    """Make each check, and yield what it found; one that cannot even run has failed."""
    for name, check in checks.items():
        try:
            result = check()
        except Exception as error:  # Whatever is broken, the remaining checks are to be made.
            reason = " ".join(str(error).split())
            result = Result(False, f"stopped by {type(error).__name__}: {reason}")
        yield name, result


def within(errors: Mapping[str, float], limit: float, kind: str) -> Result:
    """Whether all errors are small; the largest is named.

    Args:
        errors: by what they are of.
        limit: the largest that is allowed.
        kind: what the errors are, such as "relative error".
    """
    # What is not a number compares as neither larger nor smaller, and is the worst of all.
    worst = max(errors, key=lambda name: (errors[name] != errors[name], errors[name]))
    figures = f"largest {kind} {errors[worst]:.1e} ({worst})"
    passed = errors[worst] <= limit
    return Result(passed, figures if passed else f"{figures}; at most {limit:.0e} is right")


def relative_error(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference over the largest entry of either; infinite where shapes differ."""
    if found.shape != expected.shape:
        return np.inf
    scale = max(float(np.abs(found).max()), float(np.abs(expected).max()))
    return 0.0 if scale == 0 else float(np.abs(found - expected).max()) / scale


# What is checked with: generated sentences, parameters and small runs


LABELS = ("bad", "fair", "good")

SMALL: dict[str, Any] = {
    # Heights, maps and dimensions that no vector instruction divides evenly.
    "embedding_dim": 9,
    "filter_sizes": (3, 1, 4),
    "num_filters": 5,
    "batch_size": 16,
    "epochs": 2,
    "patience": 0,
}
"""Options of a small run."""


def labelled_sentences(count: int = 150) -> LabelledTexts:
    """Different sentences of invented words, of which one in three tells the label."""
    choose = random.Random(0)
    texts: dict[str, str] = {}
    while len(texts) < count:
        label = LABELS[len(texts) % len(LABELS)]
        words = [f"word{choose.randrange(60)}" for _ in range(choose.randint(1, 9))]
        words.insert(choose.randrange(len(words) + 1), f"{label}{choose.randrange(8)}")
        texts.setdefault(" ".join(words), label)
    return LabelledTexts(list(texts), list(texts.values()), "generated sentences")


def any_texts() -> list[str]:
    """Sentences to classify: known, unknown, empty, of one word, of a repeated one, and long."""
    known = labelled_sentences(90).texts
    odd = ["", "good1", "never seen before", "bad2 " * 7, "?!", " ".join(known[:6]), ""]
    return [*known, *odd]


def small_run(**options: Any) -> tuple[Config, TokenizedData]:
    """The options and the sentences of a small run."""
    config = Config.from_mapping({**SMALL, **options}, "selfcheck")
    return config, TokenizedData.prepare(labelled_sentences(), config)


def run_until(step: int | None, **options: Any) -> Experiment:
    """A small run, trained to its end or, where that is no None, to the step."""
    experiment = new_experiment(*small_run(**options), lambda line: None)

    def listen(event: Event) -> None:
        if isinstance(event, StepDone) and event.step == step:
            experiment.trainer.request_stop()

    experiment.train_to_end(listen)
    return experiment


def model(**options: Any) -> Checkpoint:
    """A model after a few steps, in which nothing is zero any more."""
    return run_until(12, **options).checkpoint()


def kept(checkpoint: Checkpoint, for_training: bool = False) -> tuple[bytes, Checkpoint]:
    """The bytes of a checkpoint's file, and what is read back from it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checkpoint.h5"
        save_checkpoint(path, checkpoint)
        return path.read_bytes(), load_checkpoint(path, for_training=for_training)


# Gradients


def check_gradients() -> Result:
    """The logits of every mode, and the loss with everything that regularises it.

    Under a random upstream gradient: with one of ones, mistakes that permute the output go
    unnoticed.
    """
    words, lengths = np.array([1, 2, 2, 3, 5, 4, 1, 0, 5, 2], np.int32), np.array([4, 0, 1, 5])
    sentences = PackedSentences(words, lengths)
    examples, errors = Examples(sentences, np.array([0, 2, 1, 2])), {}
    for seed, mode in enumerate(MODES):
        rng, architecture = np.random.default_rng(seed), Architecture(mode, 6, 2, (1, 3), 3, 3)
        shapes = architecture.shapes().items()
        parameters = {name: rng.normal(size=shape) for name, shape in shapes}
        upstream = rng.normal(size=(len(sentences), 3))
        forward = functools.partial(network.forward, parameters, architecture, sentences)
        errors[f"logits, {mode}"] = _gradient_error(
            parameters, forward, forward()[1](upstream), upstream
        )
    for draw, plain_step in (("sentence", kim_step), ("batch", thinned_step)):
        step = with_l2(with_word_dropout(plain_step(architecture, 0.5), 0.4), 0.3)
        # The same words and features are dropped each time.
        loss = functools.partial(_seeded, step, parameters, examples)
        errors[f"loss, dropout by {draw}"] = _gradient_error(
            parameters, loss, loss()[2], np.array(1.0)
        )
    return within(errors, GRADIENT_LIMIT, "relative error")


def _seeded(step: Step, parameters: Parameters, examples: Examples) -> Any:
    return step(parameters, examples, np.random.default_rng(11))


def _gradient_error(
    parameters: Parameters,
    forward: Callable[[], tuple[Any, ...]],
    gradients: Gradients,
    upstream: np.ndarray,
) -> float:
    """Against ``(f(x + h) - f(x - h)) / 2h``, an entry at a time; f is what comes first."""
    errors = []
    for name, gradient in gradients.items():
        array, differences = parameters[name], np.empty(parameters[name].shape)
        for index in np.ndindex(array.shape):
            value = array[index]
            array[index] = value + STEP
            above = forward()[0]
            array[index] = value - STEP
            below = forward()[0]
            array[index] = value
            differences[index] = np.sum((above - below) * upstream) / (2 * STEP)
        dense = gradient.dense(len(array)) if isinstance(gradient, RowGradient) else gradient
        errors.append(relative_error(dense, differences))
    return max(errors)


# Predictions against the plain network's


def check_predictions() -> Result:
    """A trained model's probabilities, from text on, with those of the plain network."""
    errors = {}
    for kind, ngrams in (("n-grams", 2), ("no n-grams", 0)):
        checkpoint = model(ngrams=ngrams)
        fast = Classifier(checkpoint).predict_proba(any_texts())
        errors[kind] = float(np.abs(fast - _plain_probabilities(checkpoint)).max())
    return within(errors, ANSWER_LIMIT, "difference of a probability")


def _plain_probabilities(checkpoint: Checkpoint) -> np.ndarray:
    """From the plain network and, sentence by sentence, the terms of the n-gram expert."""
    tokenize = find_tokenizer(checkpoint.config.tokenizer)
    tokens = [tokenize(text) for text in any_texts()]
    sentences, expert = checkpoint.vocabulary.pack(tokens), checkpoint.ngrams
    experts = [plain_network.forward(checkpoint.networks[0], checkpoint.architecture, sentences)[0]]
    if expert is not None:
        bias = expert.bias.astype(np.float64)
        rows = [sum((term.values for term in expert.terms(words)), bias) for words in tokens]
        experts.append(np.stack(rows))
    return softmax(checkpoint.fusion.combine(experts))


# The same bytes


def check_batches() -> Result:
    """A sentence's probabilities alone, in small batches, in another order, in several threads."""
    texts, classifier = any_texts(), Classifier(model())
    predict, expected = classifier.predict_proba, classifier.predict_proba(texts)
    order = np.random.default_rng(1).permutation(len(texts))
    batches = [texts[start : start + 7] for start in range(0, len(texts), 7)]
    many = texts * (FEW_TEXTS // len(texts) + 1)  # More than one thread takes.
    otherwise = {
        "alone": np.concatenate([predict([text]) for text in texts]),
        "in small batches": np.concatenate([predict(batch) for batch in batches]),
        "in another order": predict([texts[row] for row in order])[np.argsort(order)],
        "in several threads": predict(many)[-len(texts) :],
    }
    different = [
        f"{(found != expected).any(axis=1).sum()} of {len(texts)} {how}"
        for how, found in otherwise.items()
        if found.tobytes() != expected.tobytes()
    ]
    if different:
        return Result(False, f"other bytes: {'; '.join(different)}")
    return Result(True, f"{len(texts)} sentences, the same bytes")


def check_resuming() -> Result:
    """Runs of one seed, stopped, kept in a file and gone on with, within an epoch and at an end.

    At the end their files are compared, which hold every number that training changes.
    """
    whole_run = run_until(None)
    expected, _ = kept(whole_run.checkpoint())
    per_epoch = whole_run.trainer.steps_per_epoch(whole_run.train)
    steps = (per_epoch - 2, per_epoch)
    for step in steps:
        _, stopped = kept(run_until(step).checkpoint(), for_training=True)
        experiment = resumed_experiment(stopped, small_run()[1])
        experiment.train_to_end(lambda event: None)
        if kept(experiment.checkpoint())[0] != expected:
            return Result(False, f"stopped at step {step}: another checkpoint at the end")
    return Result(
        True, f"stopped at steps {steps}: a checkpoint of the same {len(expected):,} bytes"
    )


# Files


def check_round_trip() -> Result:
    """A model that is kept and read back predicts as before."""
    whole, texts = model(), any_texts()
    file, back = kept(whole)
    before, after = (Classifier(one).predict_proba(texts).tobytes() for one in (whole, back))
    if (before, whole.labels, whole.config) != (after, back.labels, back.config):
        return Result(False, "it predicts otherwise once it has been read back")
    return Result(True, f"{len(file):,} bytes; {len(texts)} sentences with the same probabilities")


CHECKS: dict[str, Check] = {
    "gradients of the network against finite differences (float64)": check_gradients,
    "predictions against the plain network's": check_predictions,
    "a sentence's probabilities, alone and in any batch": check_batches,
    "runs of one seed, stopped and gone on with, against one never stopped": check_resuming,
    "a checkpoint kept and read back": check_round_trip,
}
"""By what they look at, in the order in which one builds on another."""
