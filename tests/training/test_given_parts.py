"""Dev and test sentences that came apart, and sentences that are cut."""

import json

import numpy as np
import pytest

from tests.support.small_run import labelled_sentences, options_text, small_config, write_csv
from textcnn.core.sentences import PackedSentences
from textcnn.core.vocabulary import Vocabulary
from textcnn.data.datasets.corpus import Corpora
from textcnn.data.datasets.labelled_texts import LabelledTexts
from textcnn.data.fingerprints import sentence_hashes
from textcnn.data.tokenized_data import TokenizedData, fingerprint
from textcnn.inference.classifier import Classifier
from textcnn.support.errors import UserError
from textcnn.training.checkpoint import load_checkpoint


def part(*rows: str) -> LabelledTexts:
    """Sentences of words of one letter: ``ab:good``."""
    pairs = [row.split(":") for row in rows]
    return LabelledTexts([" ".join(text) for text, _ in pairs], [label for _, label in pairs], "x")


LEARNT = part(*(f"{c}{d}:{'good' if d in 'xy' else 'bad'}" for c in "abcdef" for d in "uvxy"))


def keys(data: TokenizedData, rows: np.ndarray) -> set[str]:
    return {"".join(tokens) for tokens in data.tokens.take(rows)}


def test_given_parts_stay_whole_and_what_stands_in_them_is_not_trained_on():
    dev, test = part("au:bad", "zx:good"), part("zx:good", "bu:bad", "bx:good")
    data = TokenizedData.prepare(Corpora(LEARNT, dev, test), small_config())
    assert keys(data, data.split.test) == {"zx", "bu", "bx"}
    assert keys(data, data.split.dev) == {"au"}  # What is tested chooses nothing.
    assert keys(data, data.split.train).isdisjoint({"au", "zx", "bu", "bx"})
    assert len(data.split.train) == 24 - 3
    assert data.removed == 4


def test_a_given_test_part_leaves_dev_a_share():
    data = TokenizedData.prepare(Corpora(LEARNT, None, part("zx:good")), small_config())
    assert (len(data.split.train), len(data.split.dev), len(data.split.test)) == (22, 2, 1)


def test_a_given_dev_part_leaves_test_a_share():
    data = TokenizedData.prepare(Corpora(LEARNT, part("zx:good")), small_config())
    assert (len(data.split.train), len(data.split.dev), len(data.split.test)) == (22, 1, 2)


@pytest.mark.parametrize(
    ("corpora", "message"),
    [
        (Corpora(LEARNT, part("zx:fair")), "--dev-data: label fair is not among the training"),
        (Corpora(LEARNT, None, part("zx:fair")), "--test-data: label fair is not among"),
        (
            Corpora(LEARNT, part("au:bad", "zx:good"), part("zx:good", "au:bad")),
            "--dev-data: every sentence also stands in --test-data",
        ),
        (Corpora(LEARNT, None, LEARNT), "every sentence also stands in --dev-data or --test-data"),
    ],
)
def test_parts_that_cannot_be(corpora, message):
    with pytest.raises(UserError, match=message):
        TokenizedData.prepare(corpora, small_config())


def test_the_same_sentences_in_other_parts_are_other_data():
    parts = [Corpora(LEARNT), Corpora(LEARNT, LEARNT), Corpora(LEARNT, None, LEARNT)]
    assert len({fingerprint(corpora) for corpora in parts}) == 3


def test_from_files_and_back(call, tmp_path):
    train = write_csv(tmp_path / "train.csv", labelled_sentences(100, seed=0))
    dev = write_csv(tmp_path / "dev.csv", labelled_sentences(20, seed=1))
    test = write_csv(tmp_path / "test.csv", labelled_sentences(30, seed=2))
    given = ("--data", train, "--dev-data", dev, "--test-data", test)
    code, out, err = call("train", *given, "--out", "run", *options_text())
    assert code == 0, err
    assert "20 for dev, 30 for test" in err
    trained = json.loads((tmp_path / "run/test.json").read_text())
    code, out, err = call("eval", "run", "--json")
    assert code == 0, err
    scores = json.loads(out)
    assert scores["sentences"] == 30
    assert scores["accuracy"] == trained["accuracy"]
    assert scores["seen_in_training"] == 0


def test_packed_sentences_are_cut():
    packed = PackedSentences(np.arange(6), np.array([3, 0, 1, 2]))
    cut = packed.cut(2)
    assert cut.token_ids.tolist() == [0, 1, 3, 4, 5]
    assert cut.lengths.tolist() == [2, 0, 1, 2]


def test_a_cut_sentence_is_known_by_what_is_left(call, tmp_path):
    data = write_csv(tmp_path / "train.csv", labelled_sentences())
    code, _, err = call("train", "--data", data, "--max-tokens", 4, "--out", "run", *options_text())
    assert code == 0, err
    assert "cut at --max-tokens: " in err
    classifier = Classifier.load(tmp_path / "run")
    whole = "a film of the cast was dull and slow"
    texts = [whole, "a film of the", "a film"]
    together = classifier.predict_proba(texts)
    assert together[0].tobytes() == together[1].tobytes() != together[2].tobytes()
    assert classifier.predict_proba([whole])[0].tobytes() == together[0].tobytes()
    code, out, _ = call("eval", "run", "--json")
    assert json.loads(out)["seen_in_training"] == 0
    checkpoint = load_checkpoint(tmp_path / "run/checkpoints/best.h5")
    assert checkpoint.config.max_tokens == 4
    tokens = [text.split()[:4] for text in labelled_sentences().texts]
    assert np.isin(checkpoint.train_hashes, sentence_hashes(tokens)).all()


def test_a_vocabulary_is_extended_behind_its_end():
    first = Vocabulary.fit([["a", "b", "a"]])
    assert first.extended(Vocabulary.fit([["c", "a"]])).words == [*first.words, "c"]
