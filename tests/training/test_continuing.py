"""``train --init-from``: other sentences, new words, new labels."""

import json
import shutil

import numpy as np
import pytest

from tests.support.small_run import labelled_sentences, options_text, small_config, write_csv
from textcnn.data.datasets.labelled_texts import LabelledTexts
from textcnn.data.fingerprints import sentence_hashes
from textcnn.data.tokenized_data import TokenizedData
from textcnn.inference.classifier import Classifier
from textcnn.support.errors import UserError
from textcnn.training.checkpoint import Checkpoint, load_checkpoint
from textcnn.training.continuing import InitialNetwork, initial_network
from textcnn.training.experiment import new_experiment
from textcnn.training.run import train_in_memory

QUICK = {"learning_rate": 0.01, "epochs": 6}


def quiet(line: str) -> None:
    pass


@pytest.fixture(scope="module")
def before() -> Checkpoint:
    """A network that tells good from bad."""
    config = small_config(**QUICK)
    return train_in_memory(config, TokenizedData.prepare(labelled_sentences(), config), quiet)[0]


def weather(count: int = 40) -> LabelledTexts:
    """Sentences of new words, and of a label that was not there before."""
    texts, labels = [], []
    rng = np.random.default_rng(0)
    for number in range(count):
        words = [str(word) for word in rng.choice(["sky", "wind", "the", "a", "cloud", "was"], 4)]
        label = ("rainy", "good")[number % 2]
        texts.append(" ".join([*words, "rain" if label == "rainy" else "lovely", f"n{number}"]))
        labels.append(label)
    return LabelledTexts(texts, labels, "weather")


def test_at_the_first_step_it_predicts_as_the_network_before(before):
    """New words and a new label change nothing of what is said of the old ones."""
    config = small_config(**QUICK)
    data = TokenizedData.prepare(weather(), config, inherited=before.handed_on)
    experiment = new_experiment(config, data, quiet, before)
    now = Classifier(experiment.checkpoint())
    assert now.labels == ["bad", "good", "rainy"]
    texts = labelled_sentences(50, seed=9).texts
    old, new = before.networks[0], experiment.trainer.network.parameters
    words = len(before.vocabulary)
    for name in ("convolution/weights", "convolution/bias"):
        np.testing.assert_array_equal(old[name], new[name])
    np.testing.assert_array_equal(old["embedding/tuned"], new["embedding/tuned"][:words])
    np.testing.assert_array_equal(old["dense/weights"], new["dense/weights"][:2])
    agree = np.array(now.predict(texts)) == np.array(Classifier(before).predict(texts))
    assert agree.mean() >= 0.9


def test_sentences_it_has_seen_never_choose_or_score(before):
    config, corpus = small_config(**QUICK), labelled_sentences(160)
    data = TokenizedData.prepare(corpus, config, inherited=before.handed_on)
    for rows in (data.split.dev, data.split.test):
        assert len(rows)
        assert not np.isin(sentence_hashes(data.tokens.take(rows)), before.train_hashes).any()


def test_it_learns_the_new_and_keeps_the_old(before):
    config = small_config(**QUICK)
    new, old = weather(), labelled_sentences(60, seed=3)
    both = LabelledTexts([*new.texts, *old.texts], [*new.labels, *old.labels], "both")
    data = TokenizedData.prepare(both, config, inherited=before.handed_on)
    now = Classifier(train_in_memory(config, data, quiet, InitialNetwork.of(before))[0])
    fresh = labelled_sentences(60, seed=5)
    assert np.mean(np.array(now.predict(fresh.texts)) == np.array(fresh.labels)) > 0.8
    assert now.predict(["the sky was rain", "a lovely sky"]) == ["rainy", "good"]
    # Alone, the new sentences say nothing of "bad".
    alone = Classifier(train_in_memory(config, TokenizedData.prepare(weather(), config), quiet)[0])
    assert "bad" not in alone.labels


@pytest.fixture
def first_run(trained_run, tmp_path):
    """A run on good and bad, in the folder ``a``, that was trained on its dev part in the end."""
    return shutil.copytree(trained_run, tmp_path / "a")


@pytest.mark.usefixtures("first_run")
def test_on_the_command_line(call, tmp_path):
    more = write_csv(tmp_path / "more.csv", weather())
    code, _, err = call("train", "--data", more, "--init-from", "a", "--epochs", 3, "--out", "b")
    assert code == 0, err
    checkpoint = load_checkpoint(tmp_path / "b/checkpoints/best.h5")
    assert (checkpoint.labels, checkpoint.config.num_filters) == (["bad", "good", "rainy"], 4)
    assert len(checkpoint.inherited.train) > 90
    scores = json.loads((tmp_path / "b/test.json").read_text())
    assert scores["seen_in_training"] == 0
    code, out, _ = call("eval", "b", "--json")
    assert json.loads(out)["accuracy"] == scores["accuracy"]
    # And on from there.
    third = write_csv(tmp_path / "third.csv", labelled_sentences(60, seed=7))
    code, _, err = call("train", "--data", third, "--init-from", "b", "--epochs", 1, "--out", "c")
    assert code == 0, err


def test_a_resumed_run_that_went_on_is_one_never_stopped(call, tmp_path, first_run):
    more = write_csv(tmp_path / "more.csv", weather())
    whole = ("train", "--data", more, "--init-from", "a", "--epochs", 4)
    assert call(*whole, "--checkpoints-kept", 9, "--out", "b")[0] == 0
    shutil.copytree(tmp_path / "b", tmp_path / "stopped")
    kept = sorted((tmp_path / "stopped/checkpoints").glob("step-*.h5"))
    shutil.copyfile(kept[1], tmp_path / "stopped/checkpoints/last.h5")
    shutil.rmtree(first_run)  # The second half begins with it once more.
    code, _, err = call("train", "--resume", "stopped")
    assert code == 0, err
    for name in ("b", "stopped"):
        assert (tmp_path / name / "metrics.jsonl").read_bytes() == (
            tmp_path / "b/metrics.jsonl"
        ).read_bytes()
    ends = [load_checkpoint(tmp_path / name / "checkpoints/last.h5") for name in ("b", "stopped")]
    for name, array in ends[0].networks[0].items():
        np.testing.assert_array_equal(array, ends[1].networks[0][name])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--num-filters", 7), "--num-filters 7: the network of --init-from has 4; leave it out"),
        (("--filter-sizes", "2,7"), "--filter-sizes 2,7: the network of --init-from has 3,4,5"),
        (("--tokenizer", "unicode"), "--tokenizer unicode: the network of --init-from has kim"),
        (("--multilabel",), "--multilabel: the network of --init-from was trained without"),
    ],
)
def test_another_kind_of_network_is_refused(call, tmp_path, trained_run, options, message):
    more = write_csv(tmp_path / "more.csv", weather())
    code, _, err = call("train", "--data", more, "--init-from", trained_run, *options)
    assert code == 2
    assert message in err
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").iterdir())


@pytest.mark.parametrize("command", ["cv", "search"])
def test_what_trains_many_networks_starts_from_the_beginning(call, tmp_path, trained_run, command):
    config = (trained_run / "config.toml").read_text() + f'init_from = "{trained_run}"\n'
    (tmp_path / "options.toml").write_text(config)
    code, _, err = call(command, "--config", "options.toml")
    assert code == 2
    assert "these networks are trained from the start" in err
    code, _, err = call(command, "--init-from", trained_run)
    assert code == 2
    assert "No such option" in err


def test_what_cannot_be_gone_on_from_is_refused(call, tmp_path, reviews, trained_run):
    code, _, err = call("train", "--data", reviews, "--init-from", "nowhere")
    assert code == 2
    assert "nowhere" in err
    assert call("shrink", trained_run, "--out", "small.h5")[0] == 0
    code, _, err = call("train", "--data", reviews, "--init-from", "small.h5")
    assert code == 2
    assert "a small copy" in err
    small = options_text(epochs=1, ensemble=2)
    assert call("train", "--data", reviews, "--out", "two", *small)[0] == 0
    code, _, err = call("train", "--data", reviews, "--init-from", "two")
    assert code == 2
    assert "ensemble" in err


def test_nothing_new_is_refused(before):
    corpus, config = labelled_sentences(), small_config()
    seen = np.isin(sentence_hashes(text.split() for text in corpus.texts), before.train_hashes)
    rows = np.flatnonzero(seen)
    known = LabelledTexts(
        [corpus.texts[row] for row in rows], [corpus.labels[row] for row in rows], "known"
    )
    with pytest.raises(UserError, match="has been trained on all of these sentences"):
        TokenizedData.prepare(known, config, inherited=before.handed_on)


@pytest.fixture
def own_run(call, tmp_path):
    """The same, of data of its own, which may be moved."""
    first = write_csv(tmp_path / "first.csv", labelled_sentences())
    assert call("train", "--data", first, "--out", "a", *options_text(**QUICK))[0] == 0
    return tmp_path / "a"


def rain_only(count: int = 40) -> LabelledTexts:
    corpus = weather(2 * count)
    return LabelledTexts(corpus.texts[::2], corpus.labels[::2], "rain")


GOING_ON = ("--init-from", "a", "--epochs", 4, "--learning-rate", 0.01)


def rows_of(folder, *parts):
    split = json.loads((folder / "split.json").read_text())
    return [split[part] for part in parts]


def test_a_new_label_alone_is_learnt_with_the_old_sentences(call, tmp_path, first_run):
    write_csv(tmp_path / "rain.csv", rain_only())
    code, out, err = call("train", "--data", "rain.csv", *GOING_ON, "--out", "b")
    assert code == 0, err
    assert "no sentence of labels bad, good, which the network knows: its own data" in err
    assert "own sentences were: 96 train, 12 dev, 12 test; and 40 new ones" in err
    # Old rows stand behind the new, each where it was.
    for old, new in zip(
        rows_of(first_run, "train", "dev", "test"),
        rows_of(tmp_path / "b", "train", "dev", "test"),
        strict=True,
    ):
        assert [row - 40 for row in new if row >= 40] == old
    scores = json.loads((tmp_path / "b/test.json").read_text())
    groups = {group["name"]: group for group in scores["apart"]}
    assert (groups["old"]["count"], groups["old"]["labels"]) == (12, ["bad", "good"])
    assert (groups["new"]["count"], groups["new"]["labels"]) == (4, ["rainy"])
    assert "of 12 sentences with labels known before (bad, good)" in out
    assert "of 4 sentences with new labels (rainy)" in out
    told = sum(group["accuracy"] * group["count"] for group in groups.values())
    assert told / 16 == pytest.approx(scores["accuracy"])
    now = Classifier.load(tmp_path / "b")
    fresh = labelled_sentences(60, seed=5)
    predictions = np.array(now.predict(fresh.texts))
    assert np.mean(predictions == np.array(fresh.labels)) > 0.8
    assert now.predict_proba(fresh.texts).max() < 0.99
    assert now.predict(["the sky was rain"]) == ["rainy"]
    # What a later command reads is what the run was given.
    assert json.loads(call("eval", "b", "--json")[1])["accuracy"] == scores["accuracy"]
    code, out, _ = call("compare", "a", "b", "--as", "json")
    assert code == 0
    compared = json.loads(out)
    assert compared["sentences"] == 12
    assert "only one of the two knows rainy: 4 sentences" in compared["data"]


def test_old_and_new_given_together_are_divided_as_before(call, tmp_path, first_run):
    old, new = labelled_sentences(), rain_only()
    both = LabelledTexts([*old.texts, *new.texts], [*old.labels, *new.labels], "both")
    write_csv(tmp_path / "both.csv", both)
    code, _, err = call("train", "--data", "both.csv", *GOING_ON, "--out", "b")
    assert code == 0, err
    assert "is learnt from too" not in err
    for before, now in zip(
        rows_of(first_run, "train", "dev", "test"),
        rows_of(tmp_path / "b", "train", "dev", "test"),
        strict=True,
    ):
        assert [row for row in now if row < 120] == before
    # A third run inherits what the second did.
    code, _, err = call("train", "--data", "both.csv", "--init-from", "b", *GOING_ON[2:])
    assert code == 0, err
    assert "128 train, 16 dev, 16 test\n" in err


def test_a_test_file_of_new_labels_alone_is_scored(call, tmp_path, first_run):
    corpus = rain_only(50)
    write_csv(tmp_path / "rain.csv", LabelledTexts(corpus.texts[:40], corpus.labels[:40], ""))
    write_csv(tmp_path / "test.csv", LabelledTexts(corpus.texts[40:], corpus.labels[40:], ""))
    words = ("--data", "rain.csv", "--test-data", "test.csv")
    code, out, err = call("train", *words, *GOING_ON, "--out", "b")
    assert code == 0, err
    assert "of 10 sentences with new labels (rainy)" in out
    (test,) = rows_of(tmp_path / "b", "test")
    assert len(test) == 10


def test_dev_sentences_choose_that_the_network_has_not_been_trained_on(tmp_path, first_run):
    initial = initial_network(small_config(init_from=str(first_run), tokenizer="kim"))
    assert len(initial.handed_on.dev) == 12
    assert not np.isin(initial.handed_on.dev, initial.chosen.train_hashes).any()
    assert np.isin(initial.handed_on.dev, initial.best.train_hashes).all()
    # A file alone does not have the network before; its dev sentences were trained on.
    assert not len(load_checkpoint(first_run / "checkpoints/best.h5").handed_on.dev)


def test_where_nothing_is_left_of_what_it_knew_it_does_not_go_on(call, tmp_path, own_run):
    write_csv(tmp_path / "rain.csv", rain_only())
    (tmp_path / "first.csv").rename(tmp_path / "moved.csv")
    code, out, err = call("train", "--data", "rain.csv", *GOING_ON, "--out", "b")
    assert (code, out) == (2, "")
    assert "its own data cannot be read: no such file" in err
    assert "no sentence to train on has a label that the network knows (bad, good)" in err
    assert not (tmp_path / "b").exists()
    words = ("--rehearse", "moved.csv", "--data", "rain.csv")
    code, _, err = call("train", *words, *GOING_ON, "--out", "b")
    assert code == 0, err
    assert "96 train, 12 dev, 12 test" in err
    code, _, err = call("train", "--rehearse", "moved.csv", "--data", "rain.csv")
    assert code == 2
    assert "--rehearse is for --init-from" in err


def test_a_label_that_is_missing_is_said(call, tmp_path, own_run):
    write_csv(tmp_path / "more.csv", weather())
    (tmp_path / "first.csv").unlink()
    code, _, err = call("train", "--data", "more.csv", *GOING_ON, "--out", "b")
    assert code == 0, err
    assert "no sentence to train on, so it will know less of each: label bad (0 rows)" in err


def test_columns_are_those_of_the_run_before(call, tmp_path):
    for name, corpus in (("first", labelled_sentences()), ("rain", rain_only())):
        rows = zip(corpus.texts, corpus.labels, strict=True)
        text = "Body;Queue\n" + "".join(f"{text};{label}\n" for text, label in rows)
        (tmp_path / f"{name}.csv").write_text(text)
    columns = ("--text-column", "body", "--label-column", "queue")
    words = ("train", "--data", "first.csv", *columns, "--out", "a", *options_text(**QUICK))
    assert call(*words)[0] == 0
    code, _, err = call("train", "--data", "rain.csv", *GOING_ON, "--out", "b")
    assert code == 0, err
    assert "3 labels" in err
