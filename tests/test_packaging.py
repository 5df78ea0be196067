"""What is built from the sources: a wheel that works where there are no sources."""

import os
import re
import shutil
import socket
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

import textcnn
from docs.pages import between, page
from tests.support.movie_reviews import write_movie_reviews
from tests.support.small_run import labelled_sentences
from textcnn.data.datasets.labelled_texts import LabelledTexts

CLONE = Path(__file__).resolve().parents[1]
DOCKERFILE = (CLONE / "Dockerfile").read_text(encoding="utf-8")


def test_the_newest_changes_are_this_version():
    headings = re.findall(r"^## (.*)$", (CLONE / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert headings[0] == textcnn.__version__


def test_each_task_of_contributing_is_one_command():
    rows = re.findall(r"^\| .* \| `(.*)` \|$", (CLONE / "CONTRIBUTING.md").read_text("utf-8"), re.M)
    assert len(rows) == 11


def copied_by_the_dockerfile(target: Path) -> Path:
    """Make the folder that the Dockerfile's COPY lines make in the image."""
    for line in re.findall(r"^COPY (.*)$", DOCKERFILE, re.M):
        *names, _ = line.split()
        for name in names:
            if (CLONE / name).is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(CLONE / name, target / name, ignore=ignored)
            else:
                target.mkdir(exist_ok=True)
                shutil.copy(CLONE / name, target)
    return target


PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]

LIBRARIES = "".join(f"{path}\n" for path in sys.path if "site-packages" in path)
"""A ``.pth`` file that lends an environment the tests' own libraries, so that none is fetched."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of what the Dockerfile copies."""
    # Asked for by its metadata: to import it here would exchange distutils within pytest's process.
    try:
        setuptools = version("setuptools")
    except PackageNotFoundError:
        setuptools = "0"
    if int(setuptools.partition(".")[0]) < 77:
        pytest.skip("needs the extra test")
    folder = tmp_path_factory.mktemp("wheel")
    source = copied_by_the_dockerfile(folder / "source")
    build = [*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, source]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("textcnn-*.whl")
    assert wheel.name == f"textcnn-{textcnn.__version__}-py3-none-any.whl"
    return wheel


def blocks_of_the_walk() -> list[tuple[str, str]]:
    """What each block of the page says to type, and what is printed then."""
    walk = between(page("serving"), "walk")
    blocks = re.findall(r"```sh\n(.*?)```\n\n```text\n(.*?)```", walk, re.S)
    assert len(blocks) == walk.count("```sh") == 5
    return blocks


def typed(commands: str, folder: Path, **environment: str) -> str:
    """What commands print that are typed in a folder."""
    done = subprocess.run(
        ["bash", "-c", f"set -eu\n{commands}"],
        cwd=folder,
        env={
            "HOME": os.environ.get("HOME", str(folder)),
            "OPENBLAS_NUM_THREADS": "1",
            "PIP_NO_INDEX": "1",
            "PIP_NO_DEPS": "1",
            "PATH": f"{folder.parent / 'bin'}:{os.defpath}:/usr/local/bin",
            **environment,
        },
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def masked(text: str) -> list[str]:
    """Its lines, every number the same."""
    return re.sub(r"[0-9]+([.,:][0-9]+)*", "#", text).splitlines()


def assert_printed(promised: str, printed: str) -> None:
    """Every line that the page promises is there, as it is but for its numbers."""
    lines = iter(masked(printed))
    for line in masked(promised):
        begin = line.removesuffix(" …")
        assert any(found.startswith(begin) for found in lines), f"{line}\n{printed}"


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """The folder of programs of an environment that the first block of the walk made."""
    folder = wheel.parent / "walk"
    for made in (folder, wheel.parent / "bin"):
        made.mkdir()
    (wheel.parent / "bin" / "python3").symlink_to(sys.executable)
    shutil.copy(wheel, folder)
    (folder / "libraries.pth").write_text(LIBRARIES)
    commands, promised = blocks_of_the_walk()[0]
    made = "python3 -m venv .venv\n"
    # Pip is lent too, since to unpack another takes longer than all that it does.
    lent = f"{made.rstrip()} --without-pip\ncp libraries.pth .venv/lib/python*/site-packages/\n"
    assert made in commands
    commands = commands.replace(made, lent).replace(".venv/bin/pip ", ".venv/bin/python -m pip ")
    assert_printed(promised, typed(commands, folder))
    return folder / ".venv" / "bin"


@pytest.fixture(scope="module")
def trained(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The run that the second block of the walk made, far from any sources, and what it printed.

    With fewer and simpler sentences its lines are the same but for their numbers.
    """
    made, names = labelled_sentences(400), {"bad": "negative", "good": "positive"}
    data = tmp_path_factory.mktemp("reviews")
    labels = [names[label] for label in made.labels]
    write_movie_reviews(data, LabelledTexts(made.texts, labels, ""))
    folder = installed.parents[1]
    return folder / "reviews", typed(blocks_of_the_walk()[1][0], folder, TEXTCNN_DATA=str(data))


@pytest.mark.slow
def test_the_wheel_predicts_far_from_its_sources(
    installed: Path, trained: tuple[Path, str], tmp_path: Path
) -> None:
    def run(*words: str | Path, input: str | None = None) -> str:
        return subprocess.run(
            words,
            cwd=tmp_path,
            env={"PATH": str(installed), "OPENBLAS_NUM_THREADS": "1"},
            input=input,
            capture_output=True,
            encoding="utf-8",
            check=True,
        ).stdout

    found = run(installed / "python", "-c", "import textcnn; print(textcnn.__file__, end='')")
    assert Path(found).is_relative_to(installed.parent)

    folder, printed = trained
    following = printed[printed.index("next: ") :]
    assert "textcnn classify --checkpoint reviews " in following
    assert "textcnn eval reviews --predictions" in following
    assert "train.py" not in printed
    # What is not Python must have come along too.
    assert (folder / "report.html").exists()
    run(installed / "textcnn", "export", folder, "--to", "html", "--out", "page.html")
    assert "TEXTCNN_CACHE" in run(installed / "textcnn", "train", "--help")

    # As the image classifies.
    (words,) = re.findall(r'^CMD \["classify", (.*)\]$', DOCKERFILE, re.M)
    model = str(folder / "checkpoints" / "best.h5")
    words = [model if word == "/model.h5" else word for word in re.findall(r'"(.*?)"', words)]
    classified = run(
        installed / "textcnn", "classify", *words, input="a lovely film\na dull film\n"
    )
    assert len(classified.splitlines()) == 2


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_walk_from_an_empty_folder_to_a_prediction(
    installed: Path, trained: tuple[Path, str]
) -> None:
    """Every command of the page, as it is but for the port, and every line that it promises."""
    pytest.importorskip("uvicorn", reason="needs the extra serve")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    _, training, *blocks = blocks_of_the_walk()
    assert_printed(training[1], trained[1])
    script = "trap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n"
    for commands, _ in blocks:
        script += commands.replace("8000", port) + "echo '--- next ---'\n"
    printed = typed(script, installed.parents[1])
    for (_, promised), lines in zip(blocks, printed.split("--- next ---\n"), strict=False):
        assert_printed(promised, lines)
