"""Checkpoints of the format as it is, kept so that every later version reads them.

``python -m tests.support.golden`` writes them anew, and what they hold, to the folder ``golden`` of
``tests/training``: to be run when the number of the format is raised, beside those from before.
"""

import dataclasses
import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from tests.support.small_run import BAD, GOOD, labelled_sentences, small_config, stop_at
from textcnn.data.datasets.labelled_texts import LabelledTexts
from textcnn.data.tokenized_data import TokenizedData
from textcnn.inference.classifier import Classifier
from textcnn.recipe.config import Config
from textcnn.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from textcnn.training.checkpoint.container import FORMAT_VERSION
from textcnn.training.experiment import new_experiment
from textcnn.training.run import train_in_memory

FOLDER = Path(__file__).parents[1] / "training" / "golden"

TEXTS = ["a witty film", "", "a dull , unheard-of plot", "fine music and a flat story"]

SMALL: dict[str, Any] = {
    "embedding_dim": 4,
    "num_filters": 2,
    "filter_sizes": (2, 3),
    "epochs": 2,
    "subwords": 0,
}


def contents_of(checkpoint: Checkpoint) -> dict[str, Any]:
    """What a checkpoint holds, in short: numbers to the bit, and predictions."""
    digest = hashlib.sha256()
    for network in checkpoint.networks:
        for name, array in sorted(network.items()):
            digest.update(name.encode() + array.tobytes())
    if checkpoint.ngrams is not None:
        for name, array in sorted(checkpoint.ngrams.arrays().items()):
            digest.update(name.encode() + array.tobytes())
    state = checkpoint.training
    return {
        "labels": checkpoint.labels,
        "words": checkpoint.vocabulary.words,
        "networks": len(checkpoint.networks),
        "numbers": digest.hexdigest(),
        "thresholds": checkpoint.thresholds is not None,
        "source": checkpoint.source,
        "step": None if state is None else state.progress.step,
        "random state": None if state is None else str(state.random_state["state"]),
        "probabilities": np.round(Classifier(checkpoint).predict_proba(TEXTS), 6).tolist(),
    }


def _data(config: Config) -> TokenizedData:
    return TokenizedData.prepare(labelled_sentences(40), config)


def _stopped() -> Checkpoint:
    """Of a run that was stopped some steps after a look at dev."""
    config = small_config(**SMALL, optimizer="adadelta", evaluate_every=2)
    experiment = new_experiment(config, _data(config), lambda line: None)
    stop_at(experiment, 3)
    return experiment.checkpoint()


def _several_labels() -> Checkpoint:
    """Of sentences that may have several labels, in letters beyond ASCII."""
    pairs = list(zip(GOOD, BAD, strict=True)) * 5
    texts = [f"{good} {bad} {number}" for number, (good, bad) in enumerate(pairs)]
    labels = [("плохо", "良い", "плохо;良い")[number % 3] for number in range(len(texts))]
    return _trained(LabelledTexts(texts, labels, "several"), multilabel=True, ngrams=0)


def _many_labels() -> Checkpoint:
    """Of so many labels that the n-gram expert counts, and knows parts of words."""
    texts = [f"{word} {label}" for label in range(101) for word in (*BAD, "film")[:5]]
    labels = [f"label {number // 5}" for number in range(len(texts))]
    return _trained(LabelledTexts(texts, labels, "many"), ngrams=1, subwords=3)


def _trained(corpus: LabelledTexts, **options: Any) -> Checkpoint:
    config = small_config(**{**SMALL, **options})
    data = TokenizedData.prepare(corpus, config)
    trained = train_in_memory(config, data, lambda line: None)[0]
    return dataclasses.replace(trained, training=None)


def make() -> dict[str, tuple[Checkpoint, str]]:
    """The checkpoints by the names of their files, and how their numbers are kept."""
    first = _trained(labelled_sentences(40))
    other = {name: array[::-1].copy() for name, array in first.networks[0].items()}
    two = dataclasses.replace(
        first,
        config=dataclasses.replace(first.config, ensemble=2),
        networks=(first.networks[0], other),
    )
    return {
        "stopped": (_stopped(), "float32"),
        "bytes": (first, "int8"),
        "two networks": (two, "float16"),
        "several labels": (_several_labels(), "float32"),
        "many labels": (_many_labels(), "int8"),
    }


def main() -> None:
    """Write the files, and what they hold."""
    FOLDER.mkdir(exist_ok=True)
    held = {}
    for name, (checkpoint, width) in make().items():
        path = FOLDER / f"{FORMAT_VERSION} {name}.h5"
        save_checkpoint(path, checkpoint, width)
        held[path.name] = contents_of(load_checkpoint(path, checkpoint.training is not None))
        # What HDF5 puts between small arrays is mostly zeros.
        packed = path.with_suffix(".h5.gz")
        packed.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
        path.unlink()
        print(f"{packed.name}: {packed.stat().st_size:,} bytes")
    text = json.dumps(held, ensure_ascii=False, indent=1)
    (FOLDER / f"{FORMAT_VERSION}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
