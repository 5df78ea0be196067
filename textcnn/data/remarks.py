"""What is to be known of divided sentences before a network is trained on them, a line each."""

from collections.abc import Iterator, Sequence

import numpy as np

from textcnn.data.datasets.text_faults import dropped_letters
from textcnn.data.fingerprints import are_known
from textcnn.data.labels import split_labels
from textcnn.data.tokenized_data import TokenizedData
from textcnn.data.tokenizer_choice import UNICODE, count_blank, is_damage, without_token
from textcnn.support.text import some

NAMED = 5
"""Labels that a line names."""


def remarks(data: TokenizedData) -> Iterator[str]:
    """Everything that a score would hide."""
    if data.removed:
        yield f"left out of what comes before: {data.removed:,} sentences in dev or test"
    if data.cut:
        yield f"cut at --max-tokens: {data.cut:,} of {len(data.texts):,} sentences"
    chosen, dev = len(data.choosing_rows), len(data.split.dev)
    if chosen < dev:
        yield (
            f"of the dev part {chosen:,} of {dev:,} sentences choose the epoch, as there are "
            f"{len(data.label_names):,} labels"
        )
    yield from text_remarks(data)
    yield from _inherited_parts(data)
    yield from _unscored_labels(data)


def text_remarks(data: TokenizedData) -> Iterator[str]:
    """What becomes of the sentences' letters, and how many sentences have nothing left."""
    dropped = dropped_letters(data.texts, data.tokenizer)
    if data.tokenizer_chosen and data.tokenizer == "kim":
        yield "tokenizer: kim, for English, chosen by the letters of the sentences"
    elif data.tokenizer_chosen:
        lost = dropped_letters(data.texts, "kim").words
        yield f"tokenizer: {data.tokenizer}, as kim drops letters of {per_cent(lost)} of the words"
    elif is_damage(dropped):
        yield (
            f"tokenizer: {data.tokenizer} drops letters of {per_cent(dropped.words)} of the words; "
            f"consider {UNICODE}"
        )
    empty = np.flatnonzero(data.tokens.sentences.lengths == 0)
    if len(empty):
        nothing = count_blank(data.texts[row] for row in empty)
        yield without_token(len(empty), len(data.tokens), data.tokenizer, nothing)


def _inherited_parts(data: TokenizedData) -> Iterator[str]:
    """Where a model is gone on from: how many sentences stay in the parts that they had there."""
    before = data.inherited
    if before is None:
        return
    parts = (data.split.train, data.split.dev, data.split.test)
    train, dev, test = (
        int(are_known(data.hashes[rows], hashes).sum())
        for rows, hashes in zip(parts, (before.train, before.dev, before.test), strict=True)
    )
    new = sum(map(len, parts)) - train - dev - test
    yield (
        f"divided as the network's own sentences were: {train:,} train, {dev:,} dev, {test:,} test"
        + (f"; and {new:,} new ones, divided anew" if new else "")
    )
    there = data.labels_of(data.split.train)
    missing = [name for name in before.labels if name not in there]
    if missing:
        yield f"no sentence to train on, so it will know less of each: {_counted(missing, data)}"


def _unscored_labels(data: TokenizedData) -> Iterator[str]:
    """Labels, known from the training part, of which the dev or the test part has no sentence."""
    for part, rows, lack in (
        ("dev", data.split.dev, "plays no role in the choice of the epoch"),
        ("test", data.split.test, "is not scored"),
    ):
        there = data.labels_of(rows)
        missing = [name for name in data.label_names if name not in there]
        if len(rows) and missing:
            yield f"no sentence in the {part} part, so each {lack}: {_counted(missing, data)}"


def _counted(names: Sequence[str], data: TokenizedData) -> str:
    """Labels, and how many sentences each has in all parts."""
    counts = dict.fromkeys(names, 0)
    for labels in data.labels:
        for name in split_labels(labels) if data.multilabel else [labels]:
            if name in counts:
                counts[name] += 1
    return some([f"label {name} ({counts[name]:,} rows)" for name in names], NAMED)


def per_cent(share: float) -> str:
    """``12.3 %``, and never 0 for what only rounds to it."""
    return "under 0.1 %" if 0 < share < 0.001 else f"{100 * share:.1f} %"
