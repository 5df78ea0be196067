"""What the tests of ``textcnn export`` share: models of all kinds, and Node."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.small_run import labelled_sentences, options_text
from textcnn.commands import main
from textcnn.inference.classifier import Classifier

KINDS: dict[str, dict[str, Any]] = {
    "default": {},
    "static": {"mode": "static"},
    "multichannel": {"mode": "multichannel"},
    "ensemble": {"ensemble": 3},
    "without n-grams": {"ngrams": 0},
    "single words": {"ngrams": 1, "subwords": 4},
    "three words": {"ngrams": 3},
    "without parts": {"ngrams": 3, "subwords": 0},
    "one height": {"filter_sizes": "1"},
    "cut": {"max_tokens": 4},
    "unicode": {"tokenizer": "unicode"},
    "characters": {"tokenizer": "characters", "filter_sizes": "2,5"},
}
"""Options of training that change what an export has to hold."""

TEXTS = [
    *labelled_sentences(60, seed=9).texts,
    "",
    "!",
    "a",
    "zorblax",
    "The plot's dull; it wasn't witty (at all), was it?",
    "lovely zorblax lovely film lovely film",
    "unlovely filming, wittier and dullest of storytellers",
    "uglyugly",
    "tediousness \U0001f3ac film\U0001f3acs",
    " ".join(["a fine film"] * 40),
    "Straße ΣΑΣ 映画は面白い",
]


def train(folder: Path, data: Path, **options: Any) -> Path:
    """A run with these options; those with a ``mode`` get vectors to start from."""
    flags = ["--multilabel"] if options.pop("multilabel", False) else []
    words = [*options_text(epochs=4, learning_rate=0.01, **options), *flags]
    if "mode" in options:
        words += ["--vectors", str(_vectors(folder.parent / "vectors.txt"))]
    _done(main, ["train", "--data", str(data), "--out", str(folder), *words])
    return folder


def _vectors(path: Path) -> Path:
    rng = np.random.default_rng(0)
    words = sorted({word for text in labelled_sentences().texts for word in text.split()})
    rows = [
        " ".join([word, *(f"{x:.4f}" for x in rng.normal(scale=0.2, size=8))]) for word in words
    ]
    path.write_text("\n".join(rows) + "\n")
    return path


def export(run: Path, out: Path, *options: str) -> Path:
    """Export a run, the form by the file's name."""
    form = {".html": "html", ".mjs": "js", ".npz": "npz"}[out.suffix]
    _done(main, ["export", str(run), "--to", form, "--out", str(out), *options])
    return out


def _done(command: Any, words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command(words)
    assert not ended.value.code


def assert_same_predictions(
    probabilities: np.ndarray, run: Path, tolerance: float, texts: list[str] = TEXTS
) -> None:
    """The probabilities are those that the run's checkpoint gives to the texts."""
    np.testing.assert_allclose(
        probabilities, Classifier.load(run).predict_proba(texts), atol=tolerance
    )


def in_node(folder: Path, code: str, given: Any) -> Any:
    """What a module's default function returns for ``given``, run by Node; both as JSON."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node (node) is not installed: the JavaScript module is not tested")
    script = folder / "test.mjs"
    script.write_text(
        f"{code}\n"
        'import { readFileSync } from "node:fs";\n'
        'const given = JSON.parse(readFileSync(0, "utf-8"));\n'
        "console.log(JSON.stringify(await classify(given)));\n"
    )
    ended = subprocess.run(
        [node, str(script)], input=json.dumps(given).encode(), capture_output=True, check=False
    )
    assert ended.returncode == 0, ended.stderr.decode()
    return json.loads(ended.stdout)
