"""Vectors of a local model2vec model."""

import json
from pathlib import Path

import numpy as np
import pytest

from textcnn.data.vectors import load_vectors
from textcnn.support.errors import UserError

VOCABULARY = {"[UNK]": 0, "film": 1, "fine": 2, "##ly": 3, "wit": 4, "##ty": 5}
ROWS = np.arange(12, dtype=np.float32).reshape(6, 2)
NAMES = {"float32": "F32", "float16": "F16", "int64": "I64", "float64": "F64"}


def write_model(folder: Path, model: dict, **arrays: np.ndarray) -> Path:
    """A folder as model2vec saves one."""
    folder.mkdir(exist_ok=True)
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, array in arrays.items():
        place = [len(data), len(data) + array.nbytes]
        entry = {"dtype": NAMES[array.dtype.name], "shape": array.shape, "data_offsets": place}
        header[name], data = entry, data + array.tobytes()
    text = json.dumps(header).encode()
    content = len(text).to_bytes(8, "little") + text + data
    (folder / "model.safetensors").write_bytes(content)
    (folder / "tokenizer.json").write_text(json.dumps({"model": model}))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_model(tmp_path / "m", {"type": "WordPiece", "vocab": VOCABULARY}, embeddings=ROWS)


def test_words_have_their_vector_or_the_mean_of_their_pieces(folder):
    found = load_vectors(str(folder), ["film", "finely", "witty", "slow", "finefilm"])
    assert found.found.tolist() == [True, True, True, False, False]
    expected = [ROWS[1], ROWS[[2, 3]].mean(axis=0), ROWS[[4, 5]].mean(axis=0), [0, 0], [0, 0]]
    assert found.matrix.tolist() == np.array(expected).tolist()
    assert found.source == str(folder)


def test_pieces_of_sentencepiece_are_whole_words_only(tmp_path):
    model = {"type": "Unigram", "vocab": [["<unk>", 0.0], ["\u2581film", -1.5], ["fine", -2]]}
    folder = write_model(tmp_path / "m", model, embeddings=ROWS[:3])
    found = load_vectors(str(folder), ["film", "fine", "fi"])
    assert found.found.tolist() == [True, True, False]
    assert found.matrix[:2].tolist() == ROWS[1:3].tolist()


def test_a_model_made_smaller_has_shared_rows_and_weights(tmp_path):
    folder = write_model(
        tmp_path / "m",
        {"type": "WordPiece", "vocab": VOCABULARY},
        embeddings=ROWS[:2].astype(np.float16),
        mapping=np.array([0, 1, 1, 0, 0, 0]),
        weights=np.array([1, 2, 3, 1, 1, 1], float),
    )
    found = load_vectors(str(folder), ["film", "fine"])
    assert found.matrix.tolist() == [(2 * ROWS[1]).tolist(), (3 * ROWS[1]).tolist()]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: b"",
        lambda content: content[:20],
        lambda content: content[:-1],
        lambda content: b"\xff" * 8 + content[8:],
        lambda content: content.replace(b"[6, 2]", b"[9, 9]"),
        lambda content: content.replace(b'"F32"', b'"X32"'),
        lambda content: content.replace(b"embeddings", b"embeddingz"),
        lambda content: content[:-4] + np.float32(np.nan).tobytes(),
    ],
)
def test_what_is_no_model_is_one_line(folder, spoil):
    path = folder / "model.safetensors"
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(UserError, match="no model2vec model, or damaged") as error:
        load_vectors(str(folder), ["film"])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"model": {"vocab": {"a": -1}}}', "[" * 999])
def test_a_tokenizer_that_is_none_is_one_line(folder, text):
    (folder / "tokenizer.json").write_text(text)
    with pytest.raises(UserError, match="no model2vec model, or damaged"):
        load_vectors(str(folder), ["film"])


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(UserError, match="nor a folder of model2vec"):
        load_vectors(str(tmp_path), ["film"])
