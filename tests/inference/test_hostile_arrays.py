"""Exported arrays that are not what an export wrote: refused with one line, within the limits."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.exported import export
from tests.support.hostile_containers import read_within_limits
from tests.support.spoilt import mutants, other_kinds

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="needs limits on memory"
)

HEADERS: dict[str, Any] = {
    "labels": ["a"],
    "vocabulary": [1, 2],
    "tokenizer": "custom",
    "max_tokens": -1,
    "filter_sizes": [10**9],
    "num_filters": 10**9,
    "networks": 10**9,
    "ngrams": {"orders": [2, 10**9], "subwords": 0},
    "thresholds": ["x", "y"],
    "label_separator": None,
}


def npy(description: str) -> bytes:
    """The head of an array that says this of itself, and nothing of the array."""
    text = description.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def hostile(arrays: dict[str, np.ndarray]) -> Iterator[tuple[str, bytes]]:
    """Files by what is wrong with them."""

    def written(save: Any = np.savez, **changed: Any) -> bytes:
        stream = io.BytesIO()
        kept = {name: array for name, array in {**arrays, **changed}.items() if array is not None}
        save(stream, **kept)
        return stream.getvalue()

    def with_header(**changed: Any) -> bytes:
        values = {**json.loads(arrays["header"].tobytes()), **changed}
        return written(header=np.frombuffer(json.dumps(values).encode(), np.uint8))

    yield "compressed", written(np.savez_compressed)
    yield "a bomb", written(np.savez_compressed, bias=np.zeros(10**8, np.float32))
    yield "objects", written(bias=np.array([{}, []], object))
    yield "one more", written(other=np.zeros(3, np.float32))
    for name in arrays:
        yield f"without {name}", written(**{name: None})
        yield f"{name} of another type", written(**{name: arrays[name].astype(np.float64)})
        if name != "header":  # Of which the bytes count.
            yield f"{name} of another shape", written(**{name: arrays[name][None]})
        if arrays[name].dtype.kind == "f":
            yield f"{name} that is none", written(**{name: np.full_like(arrays[name], np.nan)})
        elif name != "header":
            yield f"{name} in no order", written(**{name: arrays[name][::-1]})
    for name, value in HEADERS.items():
        yield f"{name} in the header", with_header(**{name: value})
    for text in (b"[" * 10**6, b"{}", b"[" + b"[]," * 10**6 + b"[]]", b"NaN", b"\xff"):
        yield f"a header of {text[:4]!r}", written(header=np.frombuffer(text, np.uint8))
    for shape in ("(1099511627776,)", "(-1,)", "(4294967296, 4294967296)", "(1,) * 9", "None"):
        head = npy(f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}")
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as file:
            file.writestr("bias.npy", head)
        yield f"a shape of {shape}", stream.getvalue()


@pytest.mark.slow
def test_what_no_export_wrote_is_refused_within_the_limits(trained_run, tmp_path):
    whole = export(trained_run, tmp_path / "whole.npz")
    content = whole.read_bytes()
    with np.load(whole) as file:
        arrays = dict(file)
    files = dict(hostile(arrays))
    files |= {f"cut at {at}": content[:at] for at in range(0, len(content) - 3000, 997)}
    files |= {f"mutant {at}": other for at, other in enumerate(mutants(content[:-3000], 60, 0))}
    paths = [tmp_path / f"{number}.npz" for number in range(len(files))]
    for path, other in zip(paths, files.values(), strict=True):
        path.write_bytes(other)
    for number, (_, put) in enumerate(other_kinds(tmp_path / "kind.npz")):
        path = tmp_path / "kind.npz"
        path.write_bytes(b"")
        put()
        paths.append(path.rename(tmp_path / f"kind {number}.npz"))
        files[f"kind {number}"] = b""
    endings = read_within_limits([whole, *paths], "--npz")
    assert endings[str(whole)] == "classified"
    ended = {name: endings[str(path)] for name, path in zip(files, paths, strict=True)}
    # A mutant may be of a byte that says nothing, such as the time of day.
    wrong = {
        name: ending
        for name, ending in ended.items()
        if not ending.startswith("refused: ") and not (ending == "classified" and "mutant" in name)
    }
    assert wrong == {}
    print(len(files), "files")
