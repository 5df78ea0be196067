"""``classify --vectors``: pretrained vectors for words that training never saw."""

import numpy as np
import pytest

from tests.support.small_run import options_text
from textcnn.commands import main
from textcnn.core.vocabulary import Vocabulary
from textcnn.inference.classifier import Classifier
from textcnn.inference.unseen_words import find_unseen, with_vectors
from textcnn.training.checkpoint import load_checkpoint


def vectors_file(path, dim=4):
    """Vectors in which words of praise are alike, and so are words of blame."""
    good = ["fine", "witty", "warm", "lovely", "bright", "charming", "superb"]
    bad = ["dull", "slow", "cold", "ugly", "flat", "tedious", "dreadful"]
    rng, lines = np.random.default_rng(0), []
    for word in [*good, *bad, "a", "film", "the"]:
        vector = 0.05 * rng.normal(size=dim)
        vector[0] += (word in good) - (word in bad)
        lines.append(word + " " + " ".join(f"{number:.4f}" for number in vector))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module", params=["static", "multichannel"])
def run(request, tmp_path_factory, reviews):
    """A run whose vectors stay, or stand beside tuned ones, and the file of its vectors."""
    folder = tmp_path_factory.mktemp("unseen")
    vectors = vectors_file(folder / "vectors.txt")
    words = ["train", "--data", reviews, "--vectors", vectors, "--mode", request.param]
    words += ["--out", folder / "run", *options_text(epochs=10, learning_rate=0.02, ngrams=0)]
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    assert ended.value.code == 0
    return folder / "run", vectors


def test_a_word_never_seen_is_judged_by_its_vector(call, run):
    folder, vectors = run
    sentences = ("a superb film", "a dreadful film")
    code, out, err = call(
        "classify", "--checkpoint", folder, "--vectors", vectors, "--proba", *sentences
    )
    assert code == 0, err
    assert "2 of 2 words (100.0 %) have a vector" in err
    assert [line.split("\t")[0] for line in out.splitlines()] == ["good", "bad"]
    _, without, _ = call("classify", "--checkpoint", folder, "--proba", *sentences)
    first, second = (line.split("\t")[1] for line in without.splitlines())
    assert first == second  # Both words are the unknown one.


def test_what_training_saw_is_classified_as_before(run):
    folder, _ = run
    checkpoint = load_checkpoint(folder / "checkpoints/best.h5")
    more = with_vectors(checkpoint, ["superb"], np.full((1, 4), 0.01, np.float32))
    # A vector longer than all others makes steps larger, and all predictions are rounded anew.
    longer = with_vectors(checkpoint, ["superb"], np.full((1, 4), 9, np.float32))
    texts = ["a lovely film", "the plot was flat", "quite unknown", ""]
    before, after, rounded = (
        Classifier(model).predict_proba(texts) for model in (checkpoint, more, longer)
    )
    assert before.tobytes() == after.tobytes()
    np.testing.assert_allclose(before, rounded, atol=1e-2)


def test_ngrams_still_say_what_they_said_with_new_words(call, tmp_path, reviews):
    vectors = vectors_file(tmp_path / "vectors.txt")
    small = options_text(epochs=2, ensemble=2)
    words = ("train", "--data", reviews, "--vectors", vectors, "--mode", "static", "--out", "run")
    assert call(*words, *small)[0] == 0
    checkpoint = load_checkpoint(tmp_path / "run/checkpoints/best.h5")
    assert checkpoint.ngrams is not None
    assert len(checkpoint.networks) == 2
    more = with_vectors(checkpoint, ["superb", "dreadful"], np.full((2, 4), 0.01, np.float32))
    texts = ["a lovely film with a story", "the plot was flat", ""]
    before, after = (Classifier(model).predict_proba(texts) for model in (checkpoint, more))
    assert before.tobytes() == after.tobytes()
    assert len(Classifier(more).predict_proba(["superb dreadful"])) == 1


def test_unseen_words_are_listed_once():
    vocabulary = Vocabulary.fit([["a", "b"]])
    assert find_unseen([["c", "a"], ["c", "<unknown>"]], vocabulary) == ["c"]


def test_a_tuned_network_is_refused(call, trained_run, tmp_path):
    vectors = vectors_file(tmp_path / "vectors.txt")
    code, _, err = call("classify", "--checkpoint", trained_run, "--vectors", vectors, "a film")
    assert code == 2
    assert "this network has tuned its vectors (--mode rand)" in err


def test_vectors_of_another_size_are_refused(call, run, tmp_path):
    other = vectors_file(tmp_path / "other.txt", dim=6)
    code, _, err = call("classify", "--checkpoint", run[0], "--vectors", other, "a superb film")
    assert code == 2
    assert "6 numbers, those of the network 4" in err


@pytest.mark.parametrize("name", ["none.txt", "text.txt"])
def test_vectors_are_looked_at_even_where_all_words_are_known(call, run, tmp_path, name):
    (tmp_path / "text.txt").write_text("no vectors at all\n")
    words = ("classify", "--checkpoint", run[0], "a film", "--vectors")
    code, out, err = call(*words, name)
    assert (code, out) == (2, "")
    assert name in err
    assert call(*words, run[1])[1] == call(*words[:-1])[1]


def test_several_files_are_refused(call, run, tmp_path):
    (tmp_path / "a.txt").write_text("a superb film\n")
    code, _, err = call(
        "classify", "--checkpoint", run[0], "--vectors", run[1], "a.txt", "--output", "out"
    )
    assert code == 2
    assert "leave it out with --output" in err
