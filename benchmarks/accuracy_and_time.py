"""Accuracy beside what it costs: textcnn, fastText, TF-IDF with logistic regression, and PyTorch.

``python -m benchmarks.accuracy_and_time --sets FOLDER-OF-TREC-SUBJ --picture FILE.svg`` trains each
on the movie reviews, TREC and Subj, has it label all sentences of the set, and prints a Markdown
table. Every side sees the same training sentences and is scored on the same test sentences: TREC's
own, or a tenth drawn anew for each repeat. What a side chooses by, it takes from its training
sentences. All use one thread; seconds are the processor's, from texts and labels in memory to a
model, and from texts to labels.
"""

import dataclasses
import json
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedShuffleSplit
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from benchmarks.torch_network import TorchTrainer
from benchmarks.torch_training import classes_of, train_best
from benchmarks.workload import say
from docs.picture import GREY, Picture
from textcnn import TextCNNClassifier
from textcnn.core.tokenizers import kim
from textcnn.data.datasets.corpus import load_corpus, locate
from textcnn.data.datasets.labelled_texts import LabelledTexts
from textcnn.data.tokenized_data import TokenizedData
from textcnn.recipe.config import Config
from textcnn.training.experiment import new_experiment

Classify = Callable[[Sequence[str]], Sequence[str] | np.ndarray]
"""Labels of texts."""

Train = Callable[[Sequence[str], Sequence[str], int], Classify]
"""From texts, labels and a seed to what classifies."""


def textcnn(**options: Any) -> Train:
    """Ours, as ``textcnn train`` makes it."""

    def train(texts: Sequence[str], labels: Sequence[str], seed: int) -> Classify:
        return TextCNNClassifier(random_state=seed, **options).fit(texts, labels).predict

    return train


def fasttext(texts: Sequence[str], labels: Sequence[str], seed: int) -> Classify:
    """fastText with the options that its tutorial ends with; it has no seed for one to set."""
    import fasttext

    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as lines:
        lines.writelines(
            f"__label__{one} {text}\n" for one, text in zip(labels, texts, strict=True)
        )
        lines.flush()
        model = fasttext.train_supervised(
            lines.name, lr=1.0, epoch=25, wordNgrams=2, thread=1, verbose=0
        )

    def classify(texts: Sequence[str]) -> list[str]:
        return [best.removeprefix("__label__") for (best,) in model.predict(list(texts))[0]]

    return classify


def tfidf(texts: Sequence[str], labels: Sequence[str], seed: int) -> Classify:
    """Logistic regression on words and pairs of words, its penalty chosen on a tenth."""
    logistic = OneVsRestClassifier(LogisticRegression(solver="liblinear"))
    features = TfidfVectorizer(
        sublinear_tf=True, ngram_range=(1, 2), tokenizer=kim, token_pattern=None, lowercase=False
    )
    search = GridSearchCV(
        make_pipeline(features, logistic),
        {"onevsrestclassifier__estimator__C": [1.0, 3.0, 10.0, 30.0]},
        cv=StratifiedShuffleSplit(1, test_size=0.1, random_state=seed),
    )
    return search.fit(texts, labels).predict


def pytorch(texts: Sequence[str], labels: Sequence[str], seed: int) -> Classify:
    """Our network and the paper's dropout in PyTorch; a tenth chooses the epoch."""
    config = Config(
        ngrams=0, averaging=0, word_dropout=0, dropout_draw="sentence", seed=seed, test_share=0
    )
    read = LabelledTexts(list(texts), list(labels), "")
    experiment = new_experiment(config, TokenizedData.prepare(read, config), lambda line: None)
    ours = experiment.trainer.network
    torch.manual_seed(seed)
    trainer = TorchTrainer(ours.parameters, ours.architecture, "adam", fused=True)
    train_best(trainer, experiment.train, experiment.dev, experiment.config)

    def classify(texts: Sequence[str]) -> list[str]:
        sentences = experiment.vocabulary.pack(map(kim, texts))
        return [experiment.labels[number] for number in classes_of(trainer, sentences, 128)]

    return classify


@dataclass(frozen=True)
class Side:
    """One of those compared.

    Attributes:
        name: in table and picture.
        train: how it learns.
        ours: whether it is textcnn.
    """

    name: str
    train: Train
    ours: bool = False


SIDES = (
    Side("textcnn", textcnn(), True),
    Side("textcnn, GloVe", textcnn(vectors="glove-6b-100d"), True),
    Side("textcnn, network alone", textcnn(ngrams=0), True),
    Side("PyTorch, the same network", pytorch),
    Side("TF-IDF, logistic regression", tfidf),
    Side("fastText", fasttext),
)


@dataclass(frozen=True)
class Found:
    """What came of a side on a set, an entry a repeat.

    Attributes:
        data, side: which.
        accuracy: shares of the test sentences.
        training: processor seconds.
        classifying: processor seconds a sentence.
    """

    data: str
    side: str
    accuracy: list[float]
    training: list[float]
    classifying: list[float]


ROUNDS = 3
"""How often all sentences are labelled; the quickest round counts."""


def sets(folder: Path | None) -> Iterator[tuple[str, LabelledTexts, LabelledTexts | None]]:
    """Each set's name, its sentences, and its test sentences where it has some of its own."""

    def read(*names: str, **options: Any) -> LabelledTexts:
        return load_corpus(locate(Config(data=names, **options)), say)

    yield "MR", read("mr"), None
    if folder is not None:
        trec = {"format": "trec", "encoding": "cp1252"}
        yield "TREC", read(f"{folder}/TREC.train", **trec), read(f"{folder}/TREC.test", **trec)
        kinds = [f"{kind}={folder}/subj.{kind}" for kind in ("subjective", "objective")]
        yield "Subj", read(*kinds, encoding="cp1252"), None


def measure(
    side: Side, train: LabelledTexts, test: LabelledTexts, seed: int
) -> tuple[float, float, float]:
    """Accuracy, seconds of training, and seconds of classifying a sentence."""
    start = time.process_time()
    classify = side.train(train.texts, train.labels, seed)
    trained = time.process_time() - start
    accuracy = float(np.mean(np.array(classify(test.texts)) == np.array(test.labels)))
    everything = [*train.texts, *test.texts]
    seconds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        classify(everything)
        seconds.append(time.process_time() - start)
    return accuracy, trained, min(seconds) / len(everything)


def divided(
    texts: LabelledTexts, test: LabelledTexts | None, seed: int
) -> tuple[LabelledTexts, LabelledTexts]:
    """What trains and what is tested."""
    if test is not None:
        return texts, test
    draw = StratifiedShuffleSplit(1, test_size=0.1, random_state=seed)
    ((learnt, tested),) = draw.split(texts.texts, texts.labels)
    return tuple(  # type: ignore[return-value]
        dataclasses.replace(
            texts,
            texts=[texts.texts[row] for row in rows],
            labels=[texts.labels[row] for row in rows],
        )
        for rows in (learnt, tested)
    )


def as_table(found: Sequence[Found]) -> Iterator[str]:
    """The lines of the Markdown table, a row a side and a column a set.

    A cell holds accuracy, its lowest to its highest, and the times of training and of classifying,
    as multiples of textcnn's on the same set.
    """
    sets = list(dict.fromkeys(one.data for one in found))
    yield f"| | {' | '.join(sets)} |"
    yield "|---" * (len(sets) + 1) + "|"
    for name in dict.fromkeys(one.side for one in found):
        yield f"| {name} | {' | '.join(_cell(found, name, data) for data in sets)} |"


def _cell(found: Sequence[Found], side: str, data: str) -> str:
    base, *others = [one for one in found if one.data == data]
    one = next(one for one in (base, *others) if one.side == side)
    shares = 100 * np.array(one.accuracy)
    training, classifying = (
        statistics.median(its) / statistics.median(of)
        for its, of in ((one.training, base.training), (one.classifying, base.classifying))
    )
    return (
        f"{shares.mean():.1f} % ({shares.min():.1f} to {shares.max():.1f}), "
        f"{training:.2f}, {classifying:.2f}"
    )


PANEL, HEIGHT, LEFT, TOP = 290, 280, 46, 34
WIDTH = PANEL - 50
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10)
OURS, RIVALS = "#b5403c", "#2f6db0"


def picture_of(found: Sequence[Found]) -> Picture:
    """Accuracy by the time of training, a panel a set."""
    names = list(dict.fromkeys(one.data for one in found))
    picture = Picture(LEFT + PANEL * len(names) - 40, TOP + HEIGHT + 48)
    base = {one.data: statistics.median(one.training) for one in reversed(found)}
    factors = [statistics.median(one.training) / base[one.data] for one in found]
    # Room for names at either side.
    low, high = np.log10(min(factors)) - 0.4, np.log10(max(factors)) + 0.7

    def across(factor: float) -> float:
        return float(WIDTH * (np.log10(factor) - low) / (high - low))

    for panel, name in enumerate(names):
        left = LEFT + panel * PANEL
        both = zip(found, factors, strict=True)
        rows = [(one, factor) for one, factor in both if one.data == name]
        means = [100 * statistics.fmean(one.accuracy) for one, _ in rows]
        bottom, top = np.floor(min(means) - 0.5), np.ceil(max(means) + 0.5)
        picture.frame(left, TOP, WIDTH, HEIGHT, "#c4c4c4", 1, "#fff")
        picture.text(left + WIDTH / 2, TOP - 16, name)
        for percent in np.arange(bottom, top + 1, 2):
            height = TOP + HEIGHT * (top - percent) / (top - bottom)
            picture.text(left - 6, height, f"{percent:g} %", GREY, "end")
        for tick in TICKS:
            if low < np.log10(tick) < high:
                picture.text(left + across(tick), TOP + HEIGHT + 14, f"{tick:g}", GREY)
        for (one, factor), mean in zip(rows, means, strict=True):
            x, y = left + across(factor), TOP + HEIGHT * (top - mean) / (top - bottom)
            ours = one.side.startswith("textcnn")
            colour = OURS if ours else RIVALS
            picture.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}"/>')
            short = one.side.removeprefix("textcnn, ").partition(",")[0]
            if one.side == "fastText":  # Close to others, which have their names at the right.
                picture.text(x - 9, y, short, colour, "end")
            else:
                picture.text(x + 9, y, short, colour, "start")
    axis = "time of training, textcnn's being 1"
    picture.text(picture.width / 2, TOP + HEIGHT + 36, axis, GREY)
    return picture


@click.command()
@click.option("--sets", "folder", type=click.Path(path_type=Path), help="Folder of TREC and Subj.")
@click.option("--repeats", default=3, show_default=True)
@click.option("--results", type=click.Path(path_type=Path), help="Keep what is found as JSON.")
@click.option("--picture", type=click.Path(path_type=Path), help="Draw it.")
def main(folder: Path | None, repeats: int, results: Path | None, picture: Path | None) -> None:
    """Train all on all sets, in turn, and print the table."""
    warnings.filterwarnings("ignore", module="sklearn")
    torch.set_num_threads(1)
    found: list[Found] = []
    with threadpool_limits(1):
        for data, texts, test in sets(folder):
            rows = {side.name: Found(data, side.name, [], [], []) for side in SIDES}
            for seed in range(repeats):
                learnt, tested = divided(texts, test, seed)
                for side in SIDES[:: -1 if seed % 2 else 1]:
                    row = rows[side.name]
                    numbers = measure(side, learnt, tested, seed)
                    for kept, number in zip(
                        (row.accuracy, row.training, row.classifying), numbers, strict=True
                    ):
                        kept.append(number)
                    say(f"{data}, {side.name}: {numbers[0]:.4f}, {numbers[1]:.1f} s")
            found += rows.values()
            if results is not None:
                text = json.dumps([dataclasses.asdict(one) for one in found], indent=1)
                results.write_text(text + "\n", "utf-8")
    click.echo("\n".join(as_table(found)))
    if picture is not None:
        picture.write_text(picture_of(found).svg(), "utf-8")


if __name__ == "__main__":
    main()
