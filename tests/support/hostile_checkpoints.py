"""Checkpoints that are whole files and hold what no training can have left.

``python -m tests.support.hostile_checkpoints ORIGINAL FOLDER`` makes them of a true one.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from textcnn.training.checkpoint.container import Container, read_container, write_container

Spoil = Callable[[Container], Any]

LARGE = np.float32(3e38)


def _config(**options: Any) -> Spoil:
    return lambda kept: kept.facts["config"].update(options)


def _facts(**facts: Any) -> Spoil:
    return lambda kept: kept.facts.update(facts)


def _array(name: str, value: Any) -> Spoil:
    return lambda kept: kept.arrays.update({name: np.asarray(value)})


def _filled(name: str, value: Any) -> Spoil:
    """All numbers of an array are this one."""

    def spoil(kept: Container) -> None:
        array = kept.arrays[name]
        kept.arrays[name] = np.full(array.shape, value, array.dtype)

    return spoil


def _words(*words: str) -> Spoil:
    """These words in the place of as many, so that shapes still fit."""

    def spoil(kept: Container) -> None:
        texts = kept.texts["vocabulary"]
        texts[1 : 1 + len(words)] = words

    return spoil


def _together(*spoils: Spoil) -> Spoil:
    def spoil(kept: Container) -> None:
        for one in spoils:
            one(kept)

    return spoil


def _ngrams_of_order(name: str) -> Spoil:
    def spoil(kept: Container) -> None:
        for part in ("keys", "values"):
            kept.arrays[f"ngrams/{name}/{part}"] = kept.arrays[f"ngrams/2/{part}"]

    return spoil


def hostile_contents() -> dict[str, Spoil]:
    """What is done to a true checkpoint, by a name of it."""
    cases: dict[str, Spoil] = {
        "a trust of next to nothing": _filled("fusion/weights", 1e-45),
        "a trust of 1e-300": _array("fusion/weights", np.full(2, 1e-300)),
        "a trust beyond all numbers": _filled("fusion/weights", LARGE),
        "a trust of 1e300": _array("fusion/weights", np.full(2, 1e300)),
        "a bias beyond all numbers": _filled("fusion/bias", LARGE),
        "a bias of 1e300": _array("fusion/bias", np.array([1e300, -1e300])),
        "two biases that cancel": _array("fusion/bias", np.array([LARGE, -LARGE])),
        "a bias of the network beyond all numbers": _filled("networks/0/dense/bias", LARGE),
        "weights beyond all numbers": _filled("networks/0/dense/weights", LARGE),
        "weights beyond all numbers, below 0": _filled("networks/0/dense/weights", -LARGE),
        "filters beyond all numbers": _filled("networks/0/convolution/weights", LARGE),
        "vectors beyond all numbers": _filled("networks/0/embedding/tuned", LARGE),
        "n-grams beyond all numbers": _filled("ngrams/2/values", LARGE),
        "words beyond all numbers": _filled("ngrams/words/values", LARGE),
        "parts of words beyond all numbers": _filled("ngrams/parts/values", -LARGE),
        "parts of a billion letters": _array("ngrams/subwords", np.array(10**9)),
        "parts of fewer letters than none": _array("ngrams/subwords", np.array(-5)),
        "parts of words and no length": _array("ngrams/subwords", np.array(0)),
        "a penalty below 0": _array("ngrams/penalty", np.array(-1.0)),
        "pairs of thirty words": _ngrams_of_order("30"),
        "n-grams of a billion words": _ngrams_of_order("1000000000"),
        "n-grams of so many words that it is no number": _ngrams_of_order("9" * 5000),
        "n-grams in other digits": _ngrams_of_order("٣"),
        "n-grams of one word": _ngrams_of_order("1"),
        "n-grams with a long name": _ngrams_of_order("x" * 10_000),
        "keys of no words": _filled("ngrams/2/keys", 2**62),
        "counts below 0": _filled("label_counts", -5),
        "a network without end": _config(embedding_dim=10**12),
        "filters without end": _config(num_filters=10**15),
        "a billion words high": _config(filter_sizes=[10**9]),
        "a thousand heights": _config(filter_sizes=list(range(1, 1000))),
        "no heights": _config(filter_sizes=[]),
        "height 0": _config(filter_sizes=[0, 3, 4]),
        "a billion networks": _together(_config(ensemble=10**9), _facts(networks=10**9)),
        "no network": _together(_config(ensemble=0), _facts(networks=0)),
        "a true number of networks": _facts(networks=True),
        "one token a sentence": _config(max_tokens=1),
        "another tokenizer": _config(tokenizer="__import__('os').system"),
        "several labels, and no thresholds": _config(multilabel=True),
        "a mode of another kind": _config(mode="static"),
        "options that are a list": _facts(config=[1, 2]),
        "an option that is an object": _config(seed={"a": 1}),
        "an option that is a long list": _config(filter_sizes=[3] * 100_000),
        "an option of many letters": _config(vectors="v" * 500_000),
        "labels that are numbers, and are not": _facts(label_kind="int"),
        "labels that are code": _facts(label_kind="eval"),
        "a kind that is a list": _facts(label_kind=["str"]),
        "versions that are a text": _facts(written_by="x"),
        "a source that is an object": _facts(source={"a": [1]}),
        "labels of many digits": _together(
            _facts(label_kind="int"),
            lambda kept: kept.texts.update(labels=["1" * 100_000, "2" * 100_000]),
        ),
        "labels that steer a terminal": lambda kept: kept.texts.update(
            labels=["\x1b[2J\x1b]0;x\x07", "a\r\nb\t"]
        ),
        "no labels": lambda kept: kept.texts.update(labels=[]),
        "one label twice": lambda kept: kept.texts.update(labels=["a", "a"]),
        "many labels": lambda kept: kept.texts.update(labels=[str(n) for n in range(100_000)]),
        "a word of a million letters": _words("a" * 10**6),
        "words of nothing": _words("", " ", "\0", "\n"),
        "one word twice": _words("film", "film"),
        "no words": lambda kept: kept.texts.update(vocabulary=[]),
        "many words": lambda kept: kept.texts.update(
            vocabulary=["<unknown>", *map(str, range(200_000))]
        ),
        "vectors of no words": _array("networks/0/embedding/tuned", np.zeros((0, 8), np.float32)),
        "vectors of whole numbers": _array("networks/0/embedding/tuned", np.zeros((9, 8), int)),
        "scales for floats": _array("scales/networks/0/dense/weights", np.ones(1, np.float32)),
        "no arrays": lambda kept: kept.arrays.clear(),
        "no facts": lambda kept: kept.facts.clear(),
        "no texts": lambda kept: kept.texts.clear(),
    }
    return cases


def make(original: Path, folder: Path, *names: str) -> Iterator[Path]:
    """Write those of these names, or every one of them, beside others of its kind."""
    contents = hostile_contents()
    for name in names or contents:
        kept = read_container(original, lambda name: not name.startswith("training/"))
        kept.facts.pop("training", None)
        contents[name](kept)
        path = folder / f"{name}.h5"
        write_container(path, kept.facts, kept.arrays, kept.texts)
        yield path


if __name__ == "__main__":
    print(*make(Path(sys.argv[1]), Path(sys.argv[2])), sep="\n")
