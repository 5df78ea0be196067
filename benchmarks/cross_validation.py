"""Every number of docs/accuracy.md: cross-validations of the recipe, its parts and its rivals.

``python benchmarks/cross_validation.py --out FOLDER`` runs them one after another, with ``textcnn
cv``, and prints the tables as Markdown. It takes an hour and more; stopped, it goes on where it was
when called again with the same folder. ``--only 'without-*'`` runs those whose names match;
``--tables`` only prints those that are finished.

Each table stands between comments with its name, as in the document. ``--sets FOLDER`` is where the
published files of TREC, Subj and MPQA are; without it they are left out. The movie reviews are
found as by ``train.py``.
"""

import csv
import dataclasses
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import click

from textcnn.commands.screen.cv_tables import difference_text, mean_text
from textcnn.evaluation.crossval.summary import Difference, Mean, paired_difference

GLOVE = ("--vectors", "glove-6b-100d")
BASELINES = ("--baselines",)
SEED = 20
"""Of the folds. What the recipe is was chosen on dev parts of folds of other seeds."""

ENSEMBLE = ("--ensemble", "5")


@dataclass(frozen=True)
class Run:
    """One cross-validation.

    Attributes:
        name: of its folder.
        title: of its row.
        options: of ``textcnn cv``.
        data: "mr", or one of the other sets.
        repeats: shuffles of the folds.
    """

    name: str
    title: str
    options: tuple[str, ...] = ()
    data: str = "mr"
    repeats: int = 1


RECIPE = (
    Run("recipe-random", "random vectors", BASELINES, repeats=3),
    Run("recipe-glove", "GloVe, 100 d", (*GLOVE, *BASELINES), repeats=3),
    Run("recipe-random-ensemble", "random vectors, five networks", ENSEMBLE),
    Run("recipe-glove-ensemble", "GloVe, 100 d, five networks", (*GLOVE, *ENSEMBLE)),
)
OTHER_SETS = tuple(
    Run(f"{data}-{name}", f"{title}, {words}", options, data, 5 if data == "trec" else 1)
    for data, title in (("trec", "TREC"), ("subj", "Subj"), ("mpqa", "MPQA"))
    for name, words, options in (
        ("random", "random vectors", BASELINES),
        ("glove", "GloVe, 100 d", (*GLOVE, *BASELINES)),
    )
)
PRESETS = (
    Run("preset-kim-rand", "Kim, rand", ("--preset", "kim-rand")),
    Run("preset-kim-static", "Kim, static", ("--preset", "kim-static", *GLOVE)),
    Run("preset-kim-nonstatic", "Kim, non-static", ("--preset", "kim-nonstatic", *GLOVE)),
    Run("preset-kim-multichannel", "Kim, multichannel", ("--preset", "kim-multichannel", *GLOVE)),
    Run(
        "preset-dennybritz",
        "dennybritz, 25 of its 200 epochs",
        ("--preset", "dennybritz", "--epochs", "25"),
    ),
)
LEFT_OUT = (
    Run("without-ngrams", "the n-gram expert", ("--ngrams", "0")),
    Run("without-pairs", "its pairs of words", ("--ngrams", "1")),
    Run("without-subwords", "its parts of words", ("--subwords", "0")),
    Run("without-averaging", "the average of the parameters", ("--averaging", "0")),
    Run("without-refit", "training on dev once it has chosen", ("--no-refit",)),
    Run("without-word-dropout", "word dropout", ("--word-dropout", "0")),
    Run("without-dropout", "dropout", ("--dropout", "0")),
    Run("dropout-by-sentence", "one draw of dropout a batch", ("--dropout-draw", "sentence")),
)
ABLATIONS = tuple(
    dataclasses.replace(run, options=(*GLOVE, *run.options))
    for run in (*LEFT_OUT, Run("with-triples", "nothing; triples of words", ("--ngrams", "3")))
)
SHARES = ("0.05", "0.1", "0.25", "0.5")
LEARNING = tuple(
    Run(f"share-{share}", share, ("--train-share", share, *GLOVE, *BASELINES)) for share in SHARES
)
RUNS = (*RECIPE, *OTHER_SETS, *PRESETS, *ABLATIONS, *LEARNING)

# Kim (2014), table 2: with random vectors, and the best of the four networks with word2vec.
KIM_RANDOM = {"mr": 76.1, "trec": 91.2, "subj": 89.6, "mpqa": 83.4}
KIM_BEST = {"mr": 81.5, "trec": 93.6, "subj": 93.4, "mpqa": 89.6}
KIM_PRESETS = {
    "preset-kim-rand": 76.1,
    "preset-kim-static": 81.0,
    "preset-kim-nonstatic": 81.5,
    "preset-kim-multichannel": 81.1,
}


class Results:
    """Cross-validations in a folder.

    Args:
        folder: theirs.
    """

    def __init__(self, folder: Path):
        self._folder = folder

    def of(self, run: Run) -> dict[str, Any] | None:
        """What ``textcnn cv`` wrote, if it is finished."""
        path = self._folder / run.name / "results.json"
        return json.loads(path.read_text()) if path.exists() else None

    def make(self, run: Run, sets: Path | None) -> None:
        """Run it, or go on with it, unless it is finished."""
        own = self._folder / run.name
        if self.of(run) is not None:
            return
        if (own / "plan.json").exists():
            words = ["--resume", str(own)]
        else:
            data = self._data(run.data, sets)
            if data is None:
                return
            numbers = ["--seed", str(SEED), "--repeats", str(run.repeats)]
            words = ["--out", str(own), *numbers, *run.options, *data]
        click.echo(f"== {run.name}: textcnn cv {' '.join(words)}", err=True)
        subprocess.run([sys.executable, "-m", "textcnn", "cv", *words], check=True, stdout=2)

    def _data(self, name: str, sets: Path | None) -> list[str] | None:
        if name == "mr":
            return []
        if sets is None:
            return None
        if name == "trec":
            train, test = (
                _trec_csv(sets / f"TREC.{part}", self._folder / f"trec-{part}.csv")
                for part in ("train", "test")
            )
            return ["--data", str(train), "--test-data", str(test)]
        kinds = {"subj": ("subjective", "objective"), "mpqa": ("pos", "neg")}[name]
        files = [word for kind in kinds for word in ("--data", f"{kind}={sets / name}.{kind}")]
        return [*files, "--encoding", "cp1252"]


def _trec_csv(source: Path, target: Path) -> Path:
    """TREC's lines ``COARSE:fine the question ?`` as CSV, with the coarse labels."""
    target.parent.mkdir(parents=True, exist_ok=True)
    lines = source.read_text("cp1252").split("\n")
    with target.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label"])
        for line in filter(None, map(str.strip, lines)):
            label, text = line.split(" ", 1)
            writer.writerow([text, label.partition(":")[0]])
    return target


def _mean(values: dict[str, Any]) -> str:
    numbers = {name: float("nan") if part is None else part for name, part in values.items()}
    return mean_text(Mean(**numbers))


def _difference(values: dict[str, Any]) -> str:
    numbers = {name: float("nan") if part is None else part for name, part in values.items()}
    return difference_text(Difference(**numbers))


def _recipe_table(results: Results, runs: Sequence[Run]) -> Iterator[str]:
    yield "| | accuracy | Kim: random, best | calibration error | seconds of a core |"
    yield "|---|---|---|---|---|"
    for run in runs:
        found = results.of(run)
        if found is None:
            continue
        folds = f"{len(found['folds'])} folds" if run.data != "trec" else "test part, 5 networks"
        error, seconds = 100 * found["expected_calibration_error"], found["seconds"]
        yield (
            f"| {run.title} ({folds}) | {_mean(found['accuracy'])} | {KIM_RANDOM[run.data]}, "
            f"{KIM_BEST[run.data]} | "
            f"{error:.2f} % | {seconds:.0f} |"
        )


def _rivals_table(results: Results, runs: Sequence[Run]) -> Iterator[str]:
    yield "| | rival | its accuracy | textcnn is |"
    yield "|---|---|---|---|"
    for run in runs:
        found = results.of(run)
        for name, rival in (found["baselines"] if found else {}).items():
            if name == "majority":
                continue
            difference = _difference(rival["network_minus_baseline"])
            yield f"| {run.title} | {name} | {_mean(rival['accuracy'])} | {difference} |"


def _preset_table(results: Results) -> Iterator[str]:
    yield "| preset | here | in the paper (word2vec, 300 d) |"
    yield "|---|---|---|"
    for run in PRESETS:
        found = results.of(run)
        if found is not None:
            paper = KIM_PRESETS.get(run.name, "about 76, on one split")
            yield f"| {run.title} | {_mean(found['accuracy'])} | {paper} |"


def _ablation_table(results: Results) -> Iterator[str]:
    whole = results.of(RECIPE[1])
    yield "| left out | accuracy | against the whole recipe |"
    yield "|---|---|---|"
    for run in ABLATIONS:
        found = results.of(run)
        if found is None or whole is None:
            continue
        ours = [fold["accuracy"] for fold in found["folds"]]
        theirs = [fold["accuracy"] for fold in whole["folds"][: len(ours)]]
        difference = paired_difference(ours, theirs, 1 / 9)
        yield f"| {run.title} | {_mean(found['accuracy'])} | {difference_text(difference)} |"


def _learning_table(results: Results) -> Iterator[str]:
    names = ("network", "n-grams", "tfidf", "nbsvm")
    yield f"| share of the training sentences | textcnn | {' | '.join(names)} |"
    yield "|---|" + "---|" * (1 + len(names))
    for run in (*LEARNING, dataclasses.replace(RECIPE[1], title="1")):
        found = results.of(run)
        if found is None:
            continue
        folds = found["folds"][:10]
        cells = [
            f"{100 * sum(fold[name] for fold in folds) / len(folds):.2f} %"
            for name in ("accuracy", *names)
        ]
        yield f"| {run.title} | {' | '.join(cells)} |"


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the runs.")
@click.option("--sets", type=click.Path(path_type=Path), help="Folder of TREC, Subj and MPQA.")
@click.option("--only", multiple=True, help="Names to run, or patterns of them.")
@click.option("--tables", is_flag=True, help="Run nothing; print what there is.")
def main(out: Path, sets: Path | None, only: tuple[str, ...], tables: bool) -> None:
    """Cross-validate everything and print the tables."""
    results = Results(out)
    for run in RUNS:
        if not tables and any(fnmatch(run.name, pattern) for pattern in only or ("*",)):
            results.make(run, sets)
    for name, lines in (
        ("recipe", _recipe_table(results, RECIPE)),
        ("rivals", _rivals_table(results, RECIPE)),
        ("other-sets", _recipe_table(results, OTHER_SETS)),
        ("other-rivals", _rivals_table(results, OTHER_SETS)),
        ("presets", _preset_table(results)),
        ("ablation", _ablation_table(results)),
        ("learning-curve", _learning_table(results)),
    ):
        table = "\n".join(lines)
        click.echo(f"\n<!-- measured: {name} -->\n{table}\n<!-- end of {name} -->")


if __name__ == "__main__":
    main()
