"""What is said of divided sentences before training: the tokenizer, and what a score would hide."""

import dataclasses

import numpy as np
import pytest

from tests.support.small_run import labelled_sentences, small_config, small_experiment
from textcnn.data import tokenized_data
from textcnn.data.datasets.labelled_texts import LabelledTexts
from textcnn.data.datasets.splits import Split
from textcnn.data.remarks import remarks, text_remarks
from textcnn.data.tokenized_data import TokenizedData
from textcnn.data.tokenizer_choice import choose_tokenizer
from textcnn.support.errors import UserError
from textcnn.training.run import train_in_memory

ENGLISH = ["a fine film", "Am\u00e9lie is a joy", *["one more of them , and so on"] * 40]
CHINESE = ["\u8fd9\u90e8\u7535\u5f71\u5f88\u597d\u770b", "\u592a\u96be\u770b"]
GERMAN = ["ein sch\u00f6ner Film \u00fcber B\u00e4ume", "gar nicht so \u00fcbel"]


@pytest.mark.parametrize(
    ("texts", "chosen"),
    [(ENGLISH, "kim"), (CHINESE, "unicode"), (GERMAN, "unicode"), ([], "kim"), (["5 !"], "kim")],
)
def test_auto_is_chosen_by_the_letters_that_kim_would_drop(texts, chosen):
    assert choose_tokenizer("auto", texts) == chosen
    assert choose_tokenizer("characters", texts) == "characters"


def test_the_movie_reviews_are_english(movie_reviews):
    assert choose_tokenizer("auto", movie_reviews.texts) == "kim"


def mixed() -> LabelledTexts:
    """Ten English sentences and ten Chinese ones of each label."""
    texts, labels = [], []
    for label, sign in (("good", "\u597d"), ("bad", "\u96be")):
        texts += [f"{label} film number {number}" for number in range(10)]
        texts += [sign * number for number in range(1, 11)]
        labels += [label] * 20
    return LabelledTexts(texts, labels, "mixed")


def test_what_a_run_keeps_is_the_choice():
    config = small_config()
    data = TokenizedData.prepare(mixed(), config)
    assert config.tokenizer == "auto"
    assert data.tokenizer == "unicode"
    assert all(data.tokens)
    assert list(text_remarks(data)) == [
        "tokenizer: unicode, as kim drops letters of 20.0 % of the words"
    ]
    assert train_in_memory(config, data, lambda line: None)[0].config.tokenizer == "unicode"
    assert small_experiment().config.tokenizer == "kim"


def test_a_given_part_does_not_choose():
    from textcnn.data.datasets.corpus import Corpora

    test = LabelledTexts(CHINESE, ["good", "bad"], "x")
    data = TokenizedData.prepare(Corpora(labelled_sentences(), None, test), small_config())
    assert data.tokenizer == "kim"
    assert any("no token: 2 of 122 sentences" in line for line in remarks(data))


def test_no_tokenizer_is_recommended_for_what_is_empty():
    corpus = labelled_sentences()
    corpus.texts[:3] = ["", " ", "\t"]
    data = TokenizedData.prepare(corpus, small_config())
    (said,) = (line for line in remarks(data) if line.startswith("no token"))
    assert said.startswith("no token: 3 of 120 sentences (3 empty) have none by --tokenizer kim")
    assert said.endswith("can be read")


def test_rows_that_lose_all_tokens_are_divided_and_said():
    data = TokenizedData.prepare(mixed(), small_config(tokenizer="kim", test_share=0.25))
    unread = [row for row in data.split.test if not data.tokens.sentences.lengths[row]]
    assert 3 <= len(unread) <= 7
    said = list(remarks(data))
    assert said[0].startswith("tokenizer: kim drops letters of 20.0 % of the words; consider")
    assert said[1].startswith("no token: 20 of 40 sentences have none by --tokenizer kim")
    assert said[1].endswith("consider --tokenizer unicode")


def test_data_without_any_token_is_refused():
    corpus = LabelledTexts(CHINESE * 4, ["good", "bad"] * 4, "x")
    with pytest.raises(UserError, match=r"--tokenizer kim: none of the 8.*--tokenizer unicode"):
        TokenizedData.prepare(corpus, small_config(tokenizer="kim"))


def test_a_label_that_no_sentence_scores_is_named():
    data = TokenizedData.prepare(mixed(), small_config())
    rows = np.arange(40)
    bad = np.array([label == "bad" for label in data.labels])
    split = Split(rows, rows[:4], rows[bad])
    said = list(remarks(dataclasses.replace(data, split=split)))
    assert said[1:] == [
        "no sentence in the dev part, so each plays no role in the choice of the epoch: "
        "label bad (20 rows)",
        "no sentence in the test part, so each is not scored: label good (20 rows)",
    ]
    kept = dataclasses.replace(data, split=Split(rows, rows, rows[:0]))
    assert len(list(remarks(kept))) == 1


def test_with_very_many_labels_a_part_of_dev_chooses(monkeypatch):
    data = TokenizedData.prepare(labelled_sentences(), small_config())
    assert data.choosing_rows.tolist() == data.split.dev.tolist()
    assert not any("of the dev part" in line for line in remarks(data))

    monkeypatch.setattr(tokenized_data, "MOST_DEV_LOGITS", 12)  # 12 sentences, 2 labels
    assert data.choosing_rows.tolist() == data.split.dev[::2].tolist()
    line = "of the dev part 6 of 12 sentences choose the epoch, as there are 2 labels"
    assert line in list(remarks(data))
    model, _ = train_in_memory(small_config(epochs=2), data, lambda line: None)
    assert model.training.choice.dev_logits.shape == (6, 2)
    assert model.label_counts.sum() == len(data.everything_but_test)
