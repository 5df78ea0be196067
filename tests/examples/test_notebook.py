"""The notebook runs from top to bottom, and what is stored in it came from such a run."""

import json
import re
from pathlib import Path

import pytest

from tests.support.processes import REPOSITORY, environment

NOTEBOOK = REPOSITORY / "examples/movie_reviews.ipynb"

QUICKER = {
    **{"1000)": "300)", ":800]": ":240]", "[800:": "[240:"},
    **{"epochs=8": "epochs=3", '"epochs": 8': '"epochs": 3'},
}
"""With fewer sentences and epochs the cells are run for less long."""


def test_its_outputs_are_stored_and_tell_nothing_of_a_machine():
    notebook = json.loads(NOTEBOOK.read_text("utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] for cell in code)
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert not re.search(r"/(home|root|tmp|work|Users)/|C:\\\\", json.dumps(notebook))


@pytest.mark.slow
def test_it_runs(movie_reviews: object, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient = pytest.importorskip("nbclient", reason="needs the extra test")
    nbformat = pytest.importorskip("nbformat", reason="needs the extra test")
    pytest.importorskip("ipykernel", reason="needs the extra test")
    pytest.importorskip("matplotlib", reason="needs the extra plots")
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    for cell in notebook.cells:
        for written, quicker in QUICKER.items():
            cell.source = cell.source.replace(written, quicker)
    stored = [cell.get("outputs") for cell in notebook.cells]
    nbclient.NotebookClient(
        notebook, timeout=600, resources={"metadata": {"path": str(Path(NOTEBOOK).parent)}}
    ).execute()  # It raises what a cell raises.
    kinds = [
        [output["output_type"] for output in cell.get("outputs", [])] for cell in notebook.cells
    ]
    assert kinds == [[output["output_type"] for output in outputs or []] for outputs in stored]
