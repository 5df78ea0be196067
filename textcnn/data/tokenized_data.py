"""Labelled sentences as a run uses them: tokenised, and divided into train, dev and test."""

import dataclasses
import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from textcnn.core.sentences import PackedSentences
from textcnn.core.token_lists import TokenLists
from textcnn.core.tokenizers import AUTO, CUSTOM, Tokenizer, find_tokenizer
from textcnn.core.vocabulary import Vocabulary
from textcnn.data.datasets.corpus import Corpora
from textcnn.data.datasets.labelled_texts import LabelledTexts
from textcnn.data.datasets.splits import (
    Split,
    check_labels_known,
    sentence_keys,
    stratified_split,
    without_equal,
)
from textcnn.data.datasets.suggestions import about_names
from textcnn.data.fingerprints import Division, are_known, sentence_hashes
from textcnn.data.labels import label_names, strata, targets_of
from textcnn.data.tokenizer_choice import choose_tokenizer
from textcnn.recipe.config import Config
from textcnn.support.errors import UserError
from textcnn.support.text import some

MOST_DEV_LOGITS = 4_000_000
"""Dev sentences times labels: what dev says is kept as so many numbers, some times over."""

Report = Callable[[str], None]


@dataclass(frozen=True)
class TokenizedData:
    """Labelled sentences after tokenising and splitting.

    Attributes:
        texts: N sentences as they were read.
        tokens: of the N sentences.
        tokenizer: what made them; never ``auto``.
        tokenizer_chosen: whether ``auto`` has chosen that.
        labels: N label names; with ``multilabel`` what :func:`textcnn.data.labels.join_labels`
            makes of each sentence's.
        split: rows of each part.
        fingerprint: SHA-256 over all sentences and labels as they were read.
        source: one line about where they came from.
        multilabel: a sentence may have several labels or none.
        weights: (N,) what each sentence counts in the loss, or None for 1 each.
        removed: rows in no part, since they also stand in a test or dev part that was given.
        cut: sentences that were longer than ``--max-tokens``.
        bad_rows: rows that were given and are not among the N, as they could not be used.
        first_test_row: where the sentences of ``--test-data`` begin; 0 where there are none.
        inherited: of the model that is gone on from, or None.
        asked: what all tables call the columns of text and label, or None.
        declared: labels that a network has, be there sentences with them or not.
    """

    texts: list[str]
    tokens: TokenLists
    labels: list[str]
    split: Split
    fingerprint: str
    source: str
    multilabel: bool = False
    tokenizer: str = CUSTOM
    tokenizer_chosen: bool = False
    weights: np.ndarray | None = None
    removed: int = 0
    cut: int = 0
    bad_rows: int = 0
    first_test_row: int = 0
    inherited: Division | None = None
    asked: tuple[str, str] | None = None
    declared: tuple[str, ...] = ()

    @classmethod
    def load(
        cls,
        config: Config,
        report: Report,
        inherited: Division | None = None,
        corpora: Corpora | None = None,
    ) -> "TokenizedData":
        """Read what the options name and :meth:`prepare` it; report labels that cannot be meant.

        Args:
            config: the options.
            report: told, in one line, what was found.
            inherited: as for :meth:`prepare`.
            corpora: what the options name, where that has been read already.

        Raises:
            UserError: the data cannot be used, or the labels cannot be split so.
            RunError: the movie reviews could not be reached.
        """
        corpora = _merged(corpora or Corpora.read(config, report), config, inherited)
        labels = corpora.all_texts.label_counts()
        for suggestion in about_names(labels, config.multilabel, config.label_separator):
            report(f"{suggestion.why}: {suggestion.do}")
        data = cls.prepare(corpora, config, inherited=inherited)
        data.check_labels()
        return data

    @classmethod
    def prepare(
        cls,
        corpora: Corpora | LabelledTexts,
        config: Config,
        tokenize: Tokenizer | None = None,
        weights: np.ndarray | None = None,
        inherited: Division | None = None,
    ) -> "TokenizedData":
        """Tokenise and split as the options say.

        Args:
            corpora: the sentences, with their own dev and test part or without.
            config: the options.
            tokenize: with the tokenizer ``custom``, what it stands for.
            weights: (N,) of the sentences, those of the dev and the test part last.
            inherited: of a model to go on from: its sentences stay in their parts, and only the
                others are divided. Where a test part is given, its test sentences are in no part.

        Raises:
            UserError: the labels cannot be split so.
        """
        if isinstance(corpora, LabelledTexts):
            corpora = Corpora(corpora)
        corpora = _merged(corpora, config, inherited)
        data = dataclasses.replace(cls.undivided(corpora, config, tokenize), inherited=inherited)
        data.check_tokens()
        split = _split(corpora, data, config)
        kept = len(split.train) + len(split.dev) + len(split.test)
        return dataclasses.replace(
            data, split=split, weights=weights, removed=len(data.tokens) - kept
        )

    @classmethod
    def undivided(
        cls, corpora: Corpora, config: Config, tokenize: Tokenizer | None = None
    ) -> "TokenizedData":
        """Tokenise, with every part of the split still empty.

        What ``auto`` stands for is chosen by the sentences of ``--data``: before they are divided,
        since sentences are equal or not by their tokens, and without a look at any label.
        """
        whole, nothing = corpora.all_texts, np.arange(0)
        tokenizer = choose_tokenizer(config.tokenizer, corpora.learnt.texts)
        tokenize = find_tokenizer(tokenizer, tokenize)
        if tokenizer == CUSTOM:
            tokens = TokenLists.of(map(tokenize, whole.texts))
        else:
            tokens = TokenLists.of_texts(whole.texts, tokenize)
        cut = 0
        if config.max_tokens:
            cut = int((tokens.sentences.lengths > config.max_tokens).sum())
            tokens = tokens.cut(config.max_tokens)
        return cls(
            texts=whole.texts,
            tokens=tokens,
            labels=whole.labels,
            split=Split(nothing, nothing, nothing),
            fingerprint=fingerprint(corpora),
            source=whole.source,
            multilabel=config.multilabel,
            tokenizer=tokenizer,
            tokenizer_chosen=config.tokenizer == AUTO,
            cut=cut,
            bad_rows=sum(len(part.bad_rows) for part in corpora.parts),
            asked=corpora.asked,
            first_test_row=0 if corpora.test is None else int(corpora.rows[2][0]),
        )

    def check_tokens(self) -> None:
        """Raise :class:`UserError` where there is nothing that a network could read."""
        if not self.tokens.sentences.lengths.any():
            advice = "" if self.tokenizer == "unicode" else "; try --tokenizer unicode"
            raise UserError(
                f"--tokenizer {self.tokenizer}: none of the {len(self.tokens):,} sentences has a "
                f"token{advice}"
            )

    def check_labels(self) -> None:
        """Raise :class:`UserError` where the labels are too few for a network."""
        names = self.label_names
        if len(names) < 2:
            found = f"only one label, {names[0]}" if names else "no label"
            raise UserError(
                f"--data: {found}; a network needs two or more. For one label or nothing, leave "
                "out --multilabel and give the other rows a label too"
                if self.multilabel
                else f"--data: {found}; a classifier needs two or more"
            )

    def completed(self, config: Config) -> Config:
        """The options with what was found out: the tokenizer of ``auto``, and the columns."""
        text, label = self.asked or (config.text_column, config.label_column)
        return dataclasses.replace(
            config, tokenizer=self.tokenizer, text_column=text, label_column=label
        )

    @property
    def rows_given(self) -> int:
        """How many rows the data has, those that could not be used among them."""
        return len(self.texts) + self.bad_rows

    @property
    def keys(self) -> list[str]:
        """What tells the sentences apart."""
        return sentence_keys(self.texts, self.tokens)

    def keys_of(self, rows: np.ndarray) -> list[str]:
        """What tells the sentences of these rows apart."""
        return sentence_keys([self.texts[row] for row in rows], self.tokens.take(rows))

    @property
    def label_names(self) -> list[str]:
        """The labels, those of a model that is gone on from among them, in their classes' order."""
        before = () if self.inherited is None else self.inherited.labels
        return sorted({*label_names(self.labels, self.multilabel), *before, *self.declared})

    def labels_of(self, rows: np.ndarray) -> set[str]:
        """The labels that the sentences of these rows have."""
        return set(label_names([self.labels[row] for row in rows], self.multilabel))

    @functools.cached_property
    def hashes(self) -> np.ndarray:
        """(N,) :func:`~textcnn.data.fingerprints.sentence_hashes` of the sentences."""
        return sentence_hashes(self.tokens)

    @functools.cached_property
    def held_out(self) -> tuple[np.ndarray, np.ndarray]:
        """Hashes of the dev and of the test sentences, inherited ones among them."""
        dev, test = (self.hashes[rows] for rows in self.split.held_out)
        if self.inherited is None:
            return np.unique(dev), np.unique(test)
        return np.union1d(dev, self.inherited.dev), np.union1d(test, self.inherited.test)

    def part(self, rows: np.ndarray) -> tuple[list[str], list[str]]:
        """The sentences and the labels of these rows, as they were read."""
        return [self.texts[row] for row in rows], [self.labels[row] for row in rows]

    @property
    def choosing_rows(self) -> np.ndarray:
        """Rows of the dev part that choose: all or, with very many labels, every so many-th."""
        dev = self.split.dev
        every = -(-len(dev) * len(self.label_names) // MOST_DEV_LOGITS)
        return dev[:: max(every, 1)]

    @property
    def everything_but_test(self) -> np.ndarray:
        """Rows of the train and dev parts together."""
        return np.union1d(self.split.train, self.split.dev)

    def learnt_rows(self, refit: bool) -> np.ndarray:
        """Rows that a half of a run trains on: in the second, with ``refit``, those of dev too."""
        return self.everything_but_test if refit else self.split.train

    def packed(
        self, rows: np.ndarray, vocabulary: Vocabulary, labels: Sequence[str]
    ) -> tuple[PackedSentences, np.ndarray]:
        """The sentences of these rows, as token ids, and their targets (see :meth:`targets`)."""
        return vocabulary.pack(self.tokens.take(rows)), self.targets(rows, labels)

    def targets(self, rows: np.ndarray, labels: Sequence[str]) -> np.ndarray:
        """(N,) classes of these rows or, with several labels a sentence, (N, C) booleans."""
        return targets_of([self.labels[row] for row in rows], labels, self.multilabel)


def _merged(corpora: Corpora, config: Config, inherited: Division | None) -> Corpora:
    """The same with labels that look alike spelled alike in all parts, where that is asked for."""
    if not config.merge_labels:
        return corpora
    return corpora.merged(() if inherited is None else inherited.labels)


def fingerprint(corpora: Corpora) -> str:
    """SHA-256 over all sentences and labels: equal only for equal data in equal order and parts."""
    parts = (("", corpora.learnt), ("dev:", corpora.dev), ("", corpora.test))
    return " ".join(mark + _digest(part) for mark, part in parts if part is not None)


def _digest(corpus: LabelledTexts) -> str:
    digest = hashlib.sha256()
    for text, label in zip(corpus.texts, corpus.labels, strict=True):
        digest.update(
            f"{len(text)} {text}\0{len(label)} {label}\0".encode("utf-8", "surrogatepass")
        )
    return digest.hexdigest()


def _split(corpora: Corpora, data: TokenizedData, config: Config) -> Split:
    """Divide the sentences that came without a part, and keep the parts that came."""
    keys, labels, inherited = data.keys, data.labels, data.inherited
    learnt, given_dev, given_test = corpora.rows
    old = Split(learnt[:0], learnt[:0], learnt[:0])
    if inherited is not None:
        hashes, before = data.hashes[learnt], (inherited.train, inherited.dev, inherited.test)
        old = Split(*(learnt[are_known(hashes, part)] for part in before))
    # Never out of the test part, so that its scores stay comparable with those of others.
    test = given_test if corpora.test else old.test
    dev = without_equal(np.union1d(given_dev, old.dev), keys, np.union1d(test, old.test))
    if len(given_dev) and not len(dev):
        raise UserError(
            "--dev-data: every sentence also stands in --test-data, and what chooses cannot "
            "score; give other sentences, or leave one of the two out for a share of --data"
        )
    held_out = np.concatenate([test, old.test, dev])
    learnt, trained = (
        without_equal(learnt, keys, held_out),
        without_equal(old.train, keys, held_out),
    )
    if len(learnt) == 0:
        raise UserError("--data: every sentence also stands in --dev-data or --test-data")
    known = data.labels_of(learnt).union(() if inherited is None else inherited.labels)
    check_labels_known("--dev-data", data.labels_of(dev), known)
    check_labels_known("--test-data", data.labels_of(test), known)
    parts = 1 + (corpora.dev is None) + (corpora.test is None and config.test_share > 0)
    drawn = np.setdiff1d(learnt, trained)
    if inherited is not None:
        drawn = drawn[~_too_few(drawn, keys, labels, parts)]
        if not len(drawn) and not len(dev):
            raise UserError(
                "--init-from: the network has been trained on all of these sentences; add new "
                "ones, or give --dev-data and --test-data"
            )
    names = [labels[row] for row in drawn]
    if inherited is None and not config.multilabel and len(set(names)) < 2:
        raise UserError(f"--data: only one label, {names[0]}; a classifier needs two or more")
    found = Split(drawn, drawn[:0], drawn[:0])
    if len(drawn):
        drawn_keys = [keys[row] for row in drawn]
        divided = stratified_split(
            drawn_keys,
            strata(drawn_keys, names, parts) if config.multilabel else names,
            0.0 if corpora.dev else config.dev_share,
            0.0 if corpora.test else config.test_share,
            config.seed,
        )
        found = Split(*(drawn[rows] for rows in (divided.train, *divided.held_out)))
    train = np.setdiff1d(learnt, np.concatenate(found.held_out))
    if inherited is not None and not data.labels_of(train) & set(inherited.labels):
        few = some(inherited.labels, 5)
        raise UserError(
            f"--init-from: no sentence to train on has a label that the network knows ({few}), "
            "and it would forget them all; give sentences of these labels too, such as those it "
            "was trained on"
        )
    return Split(train, np.union1d(dev, found.dev), np.union1d(test, found.test))


def _too_few(rows: np.ndarray, keys: list[str], labels: list[str], parts: int) -> np.ndarray:
    """Booleans: which of ``rows`` have a label with too few of them to stand in every part.

    Where the network goes on, that is no reason to stop: it knows the label, or will. They train.
    """
    counts: dict[str, set[str]] = {}
    for row in rows:
        counts.setdefault(labels[row], set()).add(keys[row])
    return np.array([len(counts[labels[row]]) < parts for row in rows], bool)
