"""Checkpoints: everything comes back, and contents that contradict each other get one line."""

import dataclasses
import errno
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.support.changed_checkpoints import change
from tests.support.small_run import run, small_experiment
from textcnn.support.errors import RunError, UserError
from textcnn.support.files import replace_text
from textcnn.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint, share_file
from textcnn.training.checkpoint.container import Container, read_container


@pytest.fixture(scope="module")
def trained() -> Checkpoint:
    experiment = small_experiment(optimizer="adadelta", mode="multichannel", vectors="train")
    run(experiment)
    return experiment.checkpoint()


@pytest.fixture(scope="module")
def original(trained: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("checkpoint") / "original.h5"
    save_checkpoint(path, trained)
    return path


@pytest.fixture
def path(original: Path, tmp_path: Path) -> Path:
    """A copy to be spoilt."""
    return Path(shutil.copy(original, tmp_path / "spoilt.h5"))


def refused(path: Path, words: str, ways: tuple[bool, ...] = (False, True)) -> str:
    """The one line with which the file is refused, whether or not to train on."""
    messages = []
    for for_training in ways:
        with pytest.raises(UserError) as error:
            load_checkpoint(path, for_training)
        messages.append(str(error.value))
    assert len(set(messages)) == 1
    assert messages[0].startswith(f"{path}: ")
    assert "\n" not in messages[0]
    assert words in messages[0]
    return messages[0]


def test_everything_comes_back(trained, path):
    loaded = load_checkpoint(path, for_training=True)
    names = ("config", "labels", "fingerprint", "source", "label_kind", "tokenizer_chosen")
    for field in names:
        assert getattr(loaded, field) == getattr(trained, field)
    assert loaded.vocabulary.words == trained.vocabulary.words
    for field in ("label_counts", "train_hashes", "dev_hashes", "test_hashes"):
        assert getattr(loaded, field).tolist() == getattr(trained, field).tolist()
    assert loaded.architecture == trained.architecture
    assert loaded.training is not None
    assert trained.training is not None
    assert loaded.training.average is not None
    assert trained.training.average is not None
    assert loaded.ngrams is not None
    assert trained.ngrams is not None
    for mine, theirs in (
        *zip(loaded.networks, trained.networks, strict=True),
        (vars(loaded.fusion), vars(trained.fusion)),
        (loaded.ngrams.arrays(), trained.ngrams.arrays()),
        (loaded.training.parameters, trained.training.parameters),
        (loaded.training.average.arrays, trained.training.average.arrays),
        (loaded.training.average.steps, trained.training.average.steps),
        (loaded.training.slots, trained.training.slots),
    ):
        assert set(mine) == set(theirs)
        for name, array in theirs.items():
            assert (mine[name].dtype, mine[name].shape) == (array.dtype, array.shape)
            assert mine[name].tobytes() == array.tobytes()
    assert loaded.training.random_state == trained.training.random_state
    np.testing.assert_array_equal(
        loaded.training.ngram_dev_logits, trained.training.ngram_dev_logits
    )
    for field in dataclasses.fields(trained.training.progress):
        mine, theirs = (getattr(c.training.progress, field.name) for c in (loaded, trained))
        np.testing.assert_array_equal(mine, theirs)
    assert set(loaded.written_by) == {"textcnn", "python", "numpy", "h5py"}


def test_the_same_checkpoint_is_the_same_bytes(trained, path):
    before = path.read_bytes()
    save_checkpoint(path, load_checkpoint(path, for_training=True))
    assert path.read_bytes() == before


def test_for_predictions_the_training_state_is_left_in_the_file(path):
    assert load_checkpoint(path).training is None


def test_labels_and_words_of_any_language_come_back(trained, tmp_path):
    labels = ["плохо", "良い 👍"]
    save_checkpoint(tmp_path / "c.h5", dataclasses.replace(trained, labels=labels))
    assert load_checkpoint(tmp_path / "c.h5").labels == labels


def test_several_networks_come_back_together_and_cannot_be_resumed(trained, tmp_path):
    config = dataclasses.replace(trained.config, ensemble=3)
    networks = tuple(
        {name: array + number for name, array in trained.networks[0].items()} for number in range(3)
    )
    path = tmp_path / "c.h5"
    ensemble = dataclasses.replace(trained, config=config, networks=networks, training=None)
    save_checkpoint(path, ensemble)
    loaded = load_checkpoint(path)
    assert len(loaded.networks) == 3
    for mine, theirs in zip(loaded.networks, networks, strict=True):
        for name, array in theirs.items():
            np.testing.assert_array_equal(mine[name], array)
    with pytest.raises(UserError, match="holds only what predicts"):
        load_checkpoint(path, for_training=True)
    change(path, lambda kept: kept.arrays.pop("networks/2/dense/bias"))
    refused(path, "networks/2/dense/bias is missing", (False,))


def test_a_checkpoint_of_a_network_alone_has_no_ngrams(tmp_path):
    experiment = small_experiment(ngrams=0, averaging=0, refit=False)
    run(experiment)
    save_checkpoint(tmp_path / "c.h5", experiment.checkpoint())
    loaded = load_checkpoint(tmp_path / "c.h5", for_training=True)
    assert loaded.ngrams is None
    assert loaded.fusion.weights.shape == (1,)
    assert loaded.training is not None
    assert loaded.training.average is None


# What contradicts itself


def test_a_missing_file_and_a_folder(tmp_path):
    refused(tmp_path / "none.h5", "no such checkpoint; train one with: ")
    refused(tmp_path, "")


def test_each_missing_array_is_refused(original, path):
    names = list(read_container(original).arrays)
    assert len(names) > 20
    for name in names:
        shutil.copy(original, path)
        change(path, lambda kept, name=name: kept.arrays.pop(name))
        if name.startswith("training/slots/"):
            # The optimizer knows which arrays it needs, and refuses when it is set going again.
            state = load_checkpoint(path, for_training=True).training
            assert state is not None
            assert name.removeprefix("training/slots/") not in state.slots
        elif name == "training/ngram_dev_logits":
            assert load_checkpoint(path, for_training=True).training is not None
        else:
            with pytest.raises(UserError, match=r"missing|kind|beside") as error:
                load_checkpoint(path, for_training=True)
            assert "\n" not in str(error.value)


def test_each_array_of_another_shape_is_refused(original, path):
    for name in read_container(original).arrays:
        shutil.copy(original, path)
        change(path, lambda kept, name=name: kept.arrays.update({name: np.zeros((2, 3, 4, 5))}))
        with pytest.raises(UserError) as error:
            load_checkpoint(path, for_training=True)
        assert "\n" not in str(error.value)


def test_each_missing_fact_is_refused(original, path):
    facts = read_container(original).facts
    for name in facts:
        shutil.copy(original, path)
        change(path, lambda kept, name=name: kept.facts.pop(name))
        words = "holds only what predicts" if name == "training" else "damaged"
        with pytest.raises(UserError, match=words):
            load_checkpoint(path, for_training=True)
    for name in facts["training"]:
        if name in ("decay", "chosen"):  # As of a run without an average, or in its first half.
            continue
        shutil.copy(original, path)
        change(path, lambda kept, name=name: kept.facts["training"].pop(name))
        with pytest.raises(UserError, match="damaged"):
            load_checkpoint(path, for_training=True)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("dropout", 2.0, "--dropout 2.0: must be below 1"),
        ("epochs", "many", "epochs must be a whole number"),
        ("mode", "random", "--mode random"),
        ("unheard_of", 1, "no option is called unheard_of"),
        ("num_filters", 5, "has shape"),
        ("ensemble", 2, "1 networks, and not the 2 of the options"),
        ("ngrams", 0, "fusion/weights has shape (2,)"),
    ],
)
def test_options_that_are_not_those_of_the_arrays(path, option, value, words):
    change(path, lambda kept: kept.facts["config"].update({option: value}))
    refused(path, words)


@pytest.mark.parametrize(
    ("name", "texts", "words"),
    [
        ("labels", ["good"], "labels must be two or more"),
        ("labels", ["good", "good"], "labels must be two or more"),
        ("labels", ["a", "b", "c"], "has shape"),
        ("vocabulary", ["a", "b"], "the first word must be"),
        ("vocabulary", ["<unknown>", "b", "b"], "twice"),
    ],
)
def test_texts_that_are_not_those_of_the_arrays(path, name, texts, words):
    change(path, lambda kept: kept.texts.update({name: texts}))
    refused(path, words)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("networks/0/dense/bias", np.zeros(2, int), "has shape (2,) and type int64"),
        ("seen", np.zeros(3), "has shape"),
        ("fusion/weights", np.array([1, 0], np.float32), "fusion/weights are not above 0"),
        ("ngrams/2/keys", np.arange(3), "2/values has the shape"),
        ("ngrams/2/keys", np.arange(3.0), "2/keys is missing or not of the right kind"),
        ("ngrams/words/values", np.zeros((2, 2), np.float32), "words/values has the shape"),
    ],
)
def test_arrays_that_contradict_each_other(path, name, value, words):
    change(path, lambda kept: kept.arrays.update({name: value}))
    refused(path, words)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("progress/order", np.array([0, 0, 1])),
        ("progress/order", np.array([1, 2])),
        ("progress/history", np.zeros((2, 3))),
        ("progress/dev_logits", np.zeros((3, 7))),
        ("averaged_steps/embedding/tuned", np.array(3)),
        ("slots/gradient_square/dense/bias", np.zeros(3)),
        ("slots/gradient_square/elsewhere", np.zeros(3)),
        ("slots/last_step/embedding/tuned", np.zeros(3, int)),
    ],
)
def test_arrays_of_a_training_state_that_cannot_be(path, name, value):
    change(path, lambda kept: kept.arrays.update({f"training/{name}": value}))
    if name.startswith("averaged_steps"):
        change(path, lambda kept: kept.arrays.update(averages_of(kept)))
    load_checkpoint(path)  # Enough for predictions.
    with pytest.raises(UserError, match="damaged"):
        load_checkpoint(path, for_training=True)


def averages_of(kept: Container) -> dict[str, np.ndarray]:
    """The averages as they are kept where they are some steps behind."""
    found = {}
    for name, array in kept.arrays.items():
        if name.startswith("training/trained/"):
            found[name.replace("trained", "averages")] = array
    return found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("random_state", "{"),
        ("steps", 1.5),
        ("steps", -1),
        ("decay", 1.0),
        ("decay", "much"),
        ("progress", None),
    ],
)
def test_facts_of_a_training_state_that_cannot_be(path, name, value):
    change(path, lambda kept: kept.facts["training"].update({name: value}))
    load_checkpoint(path)
    with pytest.raises(UserError, match="damaged"):
        load_checkpoint(path, for_training=True)


@pytest.mark.parametrize("field", ["step", "epoch", "batch", "loss_sum", "finished", "best_step"])
@pytest.mark.parametrize("value", ["x", -7, None])
def test_a_place_in_training_that_cannot_be(path, field, value):
    if field == "loss_sum" and value == -7:
        pytest.skip("a number like any other")
    change(path, lambda kept: kept.facts["training"]["progress"].update({field: value}))
    with pytest.raises(UserError, match="damaged"):
        load_checkpoint(path, for_training=True)


@pytest.mark.parametrize("spoilt", ["order", "sign"])
def test_ngrams_that_are_none(path, spoilt):
    def spoil(kept: Container) -> None:
        keys = kept.arrays["ngrams/2/keys"]
        if spoilt == "order":
            keys[:2] = keys[:2][::-1].copy()
        else:
            keys[0] = -1

    change(path, spoil)
    refused(path, "2/keys do not ascend")


def test_what_could_not_be_read_is_not_written(trained, path):
    """Both files of a run were once replaced by ones that nothing could load."""
    before = path.read_bytes()
    spoilt = {**trained.networks[0], "dense/bias": np.full(2, np.nan, np.float32)}
    with pytest.raises(RunError, match=r"is not written, for it could not be read: .*dense/bias"):
        save_checkpoint(path, dataclasses.replace(trained, networks=(spoilt,)))
    state = dataclasses.replace(trained.training, steps=-1)
    with pytest.raises(RunError, match="is not written, for it could not be read: steps"):
        save_checkpoint(path, dataclasses.replace(trained, training=state))
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


# Writing is all or nothing


def no_space(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.6, 0.9, 0.999])
def test_a_write_that_fails_leaves_the_old_checkpoint_and_nothing_else(trained, path, share):
    """Real failures, wherever in the file they come: a limit on file sizes acts as a full disk."""
    resource = pytest.importorskip("resource")
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(share * len(before)), limits[1]))
    try:
        with pytest.raises(
            RunError, match=rf"writing {re.escape(str(path))} failed: File too large"
        ):
            save_checkpoint(path, trained)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("fails", ["fsync", "close"])
def test_a_full_disk_leaves_the_old_checkpoint_and_nothing_else(trained, path, monkeypatch, fails):
    before = path.read_bytes()
    if fails == "fsync":
        monkeypatch.setattr(os, "fsync", no_space)
    else:
        monkeypatch.setattr(Path, "chmod", no_space)
    with pytest.raises(RunError, match=rf"writing {re.escape(str(path))} failed: No space left"):
        save_checkpoint(path, trained)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_does_not_exist(trained, tmp_path):
    with pytest.raises(UserError, match=r"cannot write .*No such file or directory"):
        save_checkpoint(tmp_path / "none" / "c.h5", trained)


def test_a_disk_without_room_for_one_more_file_is_a_fault_of_the_machine(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.mkstemp", no_space)
    with pytest.raises(RunError, match="No space left"):
        replace_text(tmp_path / "a", "text")


def test_a_replaced_file_can_be_read_by_those_who_could_read_any_other(tmp_path):
    replace_text(tmp_path / "a", "text\n")
    (tmp_path / "b").touch()
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode
    assert (tmp_path / "a").read_bytes() == b"text\n"


@pytest.mark.parametrize("links", [True, False])
def test_sharing_a_file_where_there_are_links_and_where_there_are_none(
    path, tmp_path, monkeypatch, links
):
    if not links:
        monkeypatch.setattr(Path, "hardlink_to", no_space)
    best = tmp_path / "best.h5"
    best.write_text("older")
    for _ in range(2):  # The second time it is the same file already.
        share_file(path, best)
        assert best.read_bytes() == path.read_bytes()
        assert sorted(tmp_path.iterdir()) == [best, path]
    # Replacing one leaves the other.
    before = best.read_bytes()
    replace_text(path, "new")
    assert best.read_bytes() == before
