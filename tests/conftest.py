"""Fixtures shared by the tests of training, of checkpoints and of the commands."""

import gc
import os
import random
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# Before NumPy is loaded. A worker stands on each processor already, and threads that wait for work
# take it from the others: the tests spent 40 % more of the processors.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from tests.support.browsing import started_browser
from tests.support.disk import wait_for_no_disk, work_in_memory
from tests.support.pictures import draw, draw_nothing
from tests.support.processes import CONTEXT
from tests.support.small_run import labelled_sentences, options_text, write_csv
from textcnn.commands import main
from textcnn.data.datasets.corpus import load_corpus
from textcnn.data.datasets.labelled_texts import LabelledTexts
from textcnn.recipe.config import Config
from textcnn.support.threads import processors


def pytest_configure() -> None:
    """Wait for no disk, use none where that can be, and have Ctrl-C end what tests start.

    What a shell runs in the background ignores it.
    """
    wait_for_no_disk()
    work_in_memory()
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the torture suite out unless it is asked for, and begin with the longest files.

    What begins last should be short, so that no worker waits long for another: first what is slow,
    then where there are most tests.
    """
    if "torture" not in config.option.markexpr:
        tortures = [item for item in items if item.get_closest_marker("torture")]
        config.hook.pytest_deselected(items=tortures)
        items[:] = [item for item in items if not item.get_closest_marker("torture")]
    if not hasattr(config, "workerinput"):  # xdist's.
        return
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    tests = Counter(item.path for item in items)
    items.sort(key=lambda item: (item.path not in slow, -tests[item.path], item.path))


def pytest_collection_finish() -> None:
    """Look for garbage less often, and not among what the imports made."""
    gc.freeze()
    gc.set_threshold(20_000)


def pytest_xdist_auto_num_workers() -> int | None:
    """One more than there are processors.

    For a quarter of their time the tests wait for servers, browsers and processes of their own.
    """
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None  # Somebody else has said it.
    return processors() + 1


@pytest.fixture(scope="session", autouse=True)
def _one_fork_server() -> Iterator[None]:
    """Folds and :class:`Started` are forked from the same server, which imports all they need."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("textcnn.support.workers.processes._context", lambda module: CONTEXT)
        yield


@pytest.fixture(scope="session")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV file of 120 labelled sentences."""
    return write_csv(tmp_path_factory.mktemp("data") / "reviews.csv", labelled_sentences())


@pytest.fixture(scope="module", autouse=True)
def _without_pictures(request: pytest.FixtureRequest) -> Iterator[None]:
    """Commands draw only in files with the mark ``pictures``."""
    with pytest.MonkeyPatch.context() as patch:
        if request.node.get_closest_marker("pictures") is None:
            draw_nothing(patch)
        yield


@pytest.fixture
def call(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    """Run a command in this process, in a folder of its own: ``(exit code, output, errors)``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TEXTCNN_DATA", raising=False)
    monkeypatch.setenv("TEXTCNN_CACHE", str(tmp_path / "cache"))

    def run(*words: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def _trained(folder: Path, reviews: Path) -> Path:
    words = ["train", "--data", str(reviews), "--out", str(folder)]
    with pytest.raises(SystemExit) as ended:
        main([*words, *options_text(epochs=12, patience=0, learning_rate=0.01)])
    assert ended.value.code == 0
    return folder


@pytest.fixture(scope="session")
def trained_run(tmp_path_factory: pytest.TempPathFactory, reviews: Path) -> Path:
    """The folder of a finished run on ``reviews``; not to be changed."""
    with pytest.MonkeyPatch.context() as patch:
        draw_nothing(patch)
        return _trained(tmp_path_factory.mktemp("runs") / "run", reviews)


@pytest.fixture(scope="session")
def reported_run(tmp_path_factory: pytest.TempPathFactory, reviews: Path) -> Path:
    """The same, with its report."""
    with pytest.MonkeyPatch.context() as patch:
        draw(patch)
        return _trained(tmp_path_factory.mktemp("reported") / "run", reviews)


@pytest.fixture(scope="session")
def movie_reviews() -> LabelledTexts:
    """The real movie reviews, from the folder that TEXTCNN_DATA names."""
    folder = os.environ.get("TEXTCNN_DATA")
    if not folder:
        pytest.skip("needs a folder with rt-polarity.pos and rt-polarity.neg in TEXTCNN_DATA")
    return load_corpus(Config(data=(folder,)), lambda line: None)


@pytest.fixture(scope="session")
def some_movie_reviews(movie_reviews: LabelledTexts) -> LabelledTexts:
    """A sixth of them; the files hold all of one label first."""
    texts, labels = movie_reviews.texts[::6], movie_reviews.labels[::6]
    return LabelledTexts(texts, labels, "a sixth of the movie reviews")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium; without one, the tests that need it are skipped and say so.

    It is closed after each file, since no other event loop can run beside that of its driver.
    """
    yield from started_browser()


@pytest.fixture(scope="session")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV file of 90 sentences, a fifth of them mislabelled, so that folds differ."""
    corpus, choose = labelled_sentences(90), random.Random(1)
    labels = [
        choose.choice(["bad", "good"]) if choose.random() < 0.4 else label
        for label in corpus.labels
    ]
    folder = tmp_path_factory.mktemp("noisy")
    return write_csv(folder / "noisy.csv", LabelledTexts(corpus.texts, labels, ""))
