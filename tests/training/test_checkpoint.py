"""Checkpoints: everything comes back, and a hostile file gets one clear line."""

import dataclasses
import errno
import io
import os
import random
import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.support.small_run import run, small_experiment
from textcnn.support.errors import RunError, UserError
from textcnn.support.files import replace_text
from textcnn.training import checkpoint as module
from textcnn.training.checkpoint import (
    Checkpoint,
    load_checkpoint,
    save_checkpoint,
    share_file,
    writing,
)


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


def refused(path: Path, words: str = "not a textcnn checkpoint, or damaged") -> str:
    """The one line with which the file is refused, whether or not to train on."""
    messages = []
    for for_training in (False, True):
        with pytest.raises(UserError) as error:
            load_checkpoint(path, for_training)
        messages.append(str(error.value))
    assert messages[0] == messages[1]
    assert messages[0].startswith(f"{path}: ")
    assert "\n" not in messages[0]
    assert words in messages[0]
    return messages[0]


def test_everything_comes_back(trained, path):
    loaded = load_checkpoint(path, for_training=True)
    for field in ("config", "labels", "fingerprint", "source"):
        assert getattr(loaded, field) == getattr(trained, field)
    assert loaded.vocabulary.words == trained.vocabulary.words
    for field in ("label_counts", "seen"):
        assert getattr(loaded, field).tolist() == getattr(trained, field).tolist()
    assert loaded.architecture == trained.architecture
    assert loaded.training is not None
    assert trained.training is not None
    assert loaded.training.average is not None
    assert trained.training.average is not None
    assert loaded.temperature == trained.temperature
    assert loaded.naive_bayes is not None
    assert trained.naive_bayes is not None
    for kind, other in zip(loaded.naive_bayes.evidence, trained.naive_bayes.evidence, strict=True):
        assert kind.order == other.order
        np.testing.assert_array_equal(kind.keys, other.keys)
        np.testing.assert_array_equal(kind.values, other.values)
    for mine, theirs in (
        (loaded.parameters, trained.parameters),
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
    for field in dataclasses.fields(trained.training.progress):
        mine, theirs = (getattr(c.training.progress, field.name) for c in (loaded, trained))
        np.testing.assert_array_equal(mine, theirs)
    assert set(loaded.written_by) == {"textcnn", "python", "numpy", "h5py", "time"}


def test_for_answers_the_training_state_is_left_in_the_file(path):
    assert load_checkpoint(path).training is None


def test_labels_and_words_of_any_language_come_back(trained, tmp_path):
    labels = ["плохо", "良い 👍"]
    save_checkpoint(tmp_path / "c.h5", dataclasses.replace(trained, labels=labels))
    assert load_checkpoint(tmp_path / "c.h5").labels == labels


def test_several_networks_come_back_together_and_cannot_be_resumed(trained, tmp_path):
    config = dataclasses.replace(trained.config, ensemble=3)
    others = tuple(
        {name: array + number for name, array in trained.parameters.items()} for number in (1, 2)
    )
    path = tmp_path / "c.h5"
    ensemble = dataclasses.replace(trained, config=config, others=others, training=None)
    save_checkpoint(path, ensemble)
    loaded = load_checkpoint(path)
    assert len(loaded.others) == 2
    for mine, theirs in zip(loaded.others, others, strict=True):
        for name, array in theirs.items():
            np.testing.assert_array_equal(mine[name], array)
    with pytest.raises(UserError, match="nothing to go on from"):
        load_checkpoint(path, for_training=True)
    change(path, lambda file: file["ensemble/2"].__delitem__("dense/bias"))
    with pytest.raises(UserError, match="ensemble/2/dense/bias is missing"):
        load_checkpoint(path)


def test_a_checkpoint_of_the_first_format_is_read_as_it_was_meant(tmp_path):
    """That one knew no n-grams, no average and no temperature, nor options for them."""
    plain = {
        "best_by": "accuracy",
        "ngrams": 0,
        "subwords": 0,
        "averaging": 0,
        "refit": False,
        "dropout_draw": "sentence",
    }
    experiment = small_experiment(**plain)
    run(experiment)
    path = tmp_path / "old.h5"
    save_checkpoint(path, experiment.checkpoint())

    def age(file: h5py.File) -> None:
        file.attrs["format_version"] = 1
        for name in ("calibration", "progress/dev_logits", "progress/refit_steps"):
            del file[name]
        for name in (*plain, "ensemble", "network_seed"):
            del file[f"config/{name}"]

    change(path, age)
    loaded = load_checkpoint(path, for_training=True)
    assert loaded.temperature == 1.0
    assert loaded.naive_bayes is None
    assert {name: getattr(loaded.config, name) for name in plain} == plain
    assert loaded.training is not None
    assert loaded.training.average is None
    assert loaded.training.progress.refit_steps == 0


# Hostile files


def test_a_missing_file_and_a_folder(tmp_path):
    refused(tmp_path / "none.h5", "no such checkpoint; train one with: python -m textcnn train")
    refused(tmp_path, "Is a directory")


@pytest.mark.parametrize("content", [b"", b"hello\n", b"\x89HDF\r\n\x1a\n", b"\0" * 5000])
def test_a_file_that_is_not_hdf5(tmp_path, content):
    path = tmp_path / "c.h5"
    path.write_bytes(content)
    refused(path)


def test_a_truncated_file(original, path):
    data = original.read_bytes()
    for length in {*range(0, len(data), 997), len(data) - 1, len(data) - 8}:
        path.write_bytes(data[:length])
        refused(path)


def test_flipped_bytes_give_one_line_or_a_checkpoint(original, path):
    """Where a flip meets a parameter's digits the file is valid; nothing else may come of it."""
    data, choose = original.read_bytes(), random.Random(0)
    # The library keeps names, shapes and types in the bytes between the arrays: flip mostly there.
    structure = [at for at in range(len(data)) if data[at]]
    outcomes, messages = {"refused": 0, "valid": 0}, []
    for _ in range(250):
        spoilt = bytearray(data)
        for _ in range(choose.choice((1, 1, 3, 20))):
            spoilt[choose.choice(structure)] = choose.randrange(256)
        path.write_bytes(spoilt)
        try:
            load_checkpoint(path, for_training=True)
            outcomes["valid"] += 1
        except UserError as error:
            messages.append(str(error))
            outcomes["refused"] += 1
    assert not any("\n" in message for message in messages)
    assert min(outcomes.values()) > 10


def change(path: Path, spoil: Callable[[h5py.File], None]) -> None:
    with h5py.File(path, "r+") as file:
        spoil(file)


def replace(file: h5py.File, name: str, **dataset: object) -> None:
    del file[name]
    file.create_dataset(name, **dataset)


def test_a_newer_format_says_to_upgrade(path):
    change(path, lambda file: file.attrs.__setitem__("format_version", 4))
    refused(path, "written in format 4 by a newer textcnn; this one reads up to 3: upgrade it")


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("format", "another"),
        ("format", 3),
        ("format", ["textcnn checkpoint"] * 2),
        ("format_version", "new"),
        ("format_version", [1, 2]),
        ("format_version", float("inf")),
        ("format_version", h5py.Empty("i8")),
    ],
)
def test_a_wrong_mark(path, attribute, value):
    change(path, lambda file: file.attrs.__setitem__(attribute, value))
    refused(path)


def test_a_mark_that_is_missing(path):
    change(path, lambda file: file.attrs.__delitem__("format_version"))
    refused(path)


def all_names(original: Path, kind: type) -> list[str]:
    names: list[str] = []
    with h5py.File(original, "r") as file:
        file.visititems(lambda name, node: names.append(name) if isinstance(node, kind) else None)
    return names


# What a missing option means is "as by default"; who wrote it is not needed.
OPTIONAL = ("config/", "written_by/")


def test_each_missing_data_set_is_named(original, path):
    names = [name for name in all_names(original, h5py.Dataset) if not name.startswith(OPTIONAL)]
    assert len(names) > 20
    for name in names:
        shutil.copy(original, path)
        change(path, lambda file, name=name: file.__delitem__(name))
        if name.startswith("optimizer/slots/"):
            # The optimizer knows which arrays it needs, and refuses when it is set going again.
            state = load_checkpoint(path, for_training=True).training
            assert state is not None
            assert name.removeprefix("optimizer/slots/") not in state.slots
        elif name.startswith("average/averages/"):
            # A second name for the network's own arrays.
            with pytest.raises(UserError, match=r"parameters/.* is missing"):
                load_checkpoint(path, for_training=True)
        else:
            with pytest.raises(UserError, match=f"{name} is missing"):
                load_checkpoint(path, for_training=True)


def test_each_data_set_of_another_kind_is_refused(original, path):
    for name in all_names(original, h5py.Dataset):
        if name.startswith("written_by/"):
            continue
        for value in (np.zeros((2, 3, 4, 5)), h5py.Empty("f4")):
            shutil.copy(original, path)
            change(path, lambda file, name=name, value=value: replace(file, name, data=value))
            with pytest.raises(UserError) as error:
                load_checkpoint(path, for_training=True)
            assert "\n" not in str(error.value)


def test_a_data_set_in_a_groups_place_and_a_group_in_a_data_sets(path, original):
    change(path, lambda file: replace(file, "config", data=1))
    refused(path, "config is not a group")
    shutil.copy(original, path)

    def spoil(file: h5py.File) -> None:
        del file["vocabulary"]
        file.create_group("vocabulary")

    change(path, spoil)
    refused(path, "vocabulary is not a dataset")


@pytest.mark.parametrize("name", ["parameters/dense/bias", "parameters", "vocabulary", "config"])
@pytest.mark.parametrize("kind", ["soft", "external", "broken"])
def test_links_are_not_followed(path, original, name, kind):
    links = {
        "soft": h5py.SoftLink("/elsewhere"),
        "external": h5py.ExternalLink(str(original), name),
        "broken": h5py.ExternalLink("none.h5", "/x"),
    }

    def spoil(file: h5py.File) -> None:
        file.move(name, "elsewhere")
        file[name] = links[kind]

    change(path, spoil)
    refused(path, f"{name} is a link" if name != "parameters" else "is a link")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("name", ["optimizer/slots/gradient_square", "parameters/dense"])
def test_a_link_to_a_pipe_does_not_make_it_wait(path, tmp_path, name):
    os.mkfifo(tmp_path / "pipe")

    def spoil(file: h5py.File) -> None:
        del file[name]
        file[name] = h5py.ExternalLink(str(tmp_path / "pipe"), "/x")

    change(path, spoil)
    signal.alarm(10)  # Ends the tests rather than waiting for ever.
    try:
        with pytest.raises(UserError, match="is a link"):
            load_checkpoint(path, for_training=True)
    finally:
        signal.alarm(0)


def parameter_shape(path: Path) -> tuple[int, ...]:
    with h5py.File(path, "r") as file:
        return file["parameters/dense/weights"].shape


def test_data_kept_in_another_file_is_refused(path, tmp_path):
    shape = parameter_shape(path)
    secret = tmp_path / "secret"
    secret.write_bytes(b"x" * 10_000)
    name = "parameters/dense/weights"
    external = [(str(secret), 0, 10_000)]
    change(path, lambda file: replace(file, name, shape=shape, dtype="f4", external=external))
    refused(path, f"{name} does not hold its own bytes")


def test_a_virtual_data_set_is_refused(path, original):
    shape = parameter_shape(path)
    layout = h5py.VirtualLayout(shape, "f4")
    layout[:] = h5py.VirtualSource(str(original), "parameters/dense/weights", shape)

    def spoil(file: h5py.File) -> None:
        del file["parameters/dense/weights"]
        file.create_virtual_dataset("parameters/dense/weights", layout)

    change(path, spoil)
    refused(path, "does not hold its own bytes")


def test_a_compressed_bomb_is_refused_unread(path):
    def spoil(file: h5py.File) -> None:
        replace(file, "seen/hashes", shape=(2**33,), dtype="u8", chunks=(2**20,), compression=9)

    change(path, spoil)
    assert path.stat().st_size < 10**6
    refused(path, "seen/hashes does not hold its own bytes")


def test_a_huge_shape_without_bytes_is_refused_unread(path, original):
    change(path, lambda file: replace(file, "seen/hashes", shape=(2**50,), dtype="u8"))
    refused(path, "seen/hashes does not hold its own bytes")
    shutil.copy(original, path)
    text = h5py.string_dtype()
    change(path, lambda file: replace(file, "vocabulary", shape=(2**40,), dtype=text))
    refused(path, "vocabulary does not hold its own bytes")


def test_one_long_text_claimed_many_times_is_refused(path, original):
    """A text's place in the file can be named by any number of entries, each read anew."""
    count, length = 3000, 1_000_000

    def spoil(file: h5py.File) -> None:
        words = ["x" * length, *(f"y{i}" for i in range(count))]
        replace(file, "vocabulary", data=words, dtype=h5py.string_dtype())
        at = file["vocabulary"].id.get_offset()
        places.append((at, file["vocabulary"].id.get_storage_size()))

    places: list[tuple[int, int]] = []
    change(path, spoil)
    ((at, size),) = places
    data = bytearray(path.read_bytes())
    entry = size // (count + 1)
    data[at : at + size] = data[at : at + entry] * (count + 1)
    path.write_bytes(data)
    refused(path, "vocabulary claims more text than the file holds")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_parameter_that_is_no_number(path, value):
    def spoil(file: h5py.File) -> None:
        file["parameters/dense/weights"][0, 0] = value

    change(path, spoil)
    refused(path, "parameters/dense/weights holds a number that is not finite")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("config/dropout", 2.0, "--dropout 2.0: must be below 1"),
        ("config/epochs", "many", "epochs must be a whole number"),
        ("config/mode", "random", "--mode random"),
        ("config/unheard_of", 1, "no option is called unheard_of"),
        ("config/num_filters", 5, "has shape"),
        ("config/tokenizer", b"\xff\xfe", "decode"),
        ("labels/names", ["good"], "labels must be two or more"),
        ("labels/names", ["good", "good"], "labels must be two or more"),
        ("labels/names", ["a", "b", "c"], "has shape"),
        ("vocabulary", ["a", "b"], "the first word must be"),
        ("vocabulary", ["<unknown>", "b", "b"], "twice"),
        ("parameters/dense/bias", np.zeros(2, int), "has shape (2,) and type int64"),
        ("seen/hashes", np.zeros(3), "has shape"),
        ("calibration/temperature", 0.0, "calibration/temperature is not a positive number"),
        ("calibration/temperature", np.nan, "calibration/temperature is not a positive number"),
        ("evidence/2-grams/keys", np.arange(3), "evidence/2-grams/values has shape"),
        ("evidence/2-grams/keys", np.arange(3.0), "evidence/2-grams/keys has shape"),
        ("evidence/words/values", np.zeros((2, 2)), "evidence/words/values has shape"),
    ],
)
def test_contents_that_contradict_each_other(path, name, value, words):
    def spoil(file: h5py.File) -> None:
        file.pop(name, None)
        file[name] = value

    change(path, spoil)
    refused(path, words)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("progress/order", [0, 0, 1]),
        ("progress/order", [1, 2]),
        ("progress/finished", 3),
        ("random_state", "{"),
        ("random_state", "[" * 100_000),
        ("optimizer/steps", 1.5),
        ("average/decay", 1.0),
        ("average/decay", np.nan),
        ("average/steps/embedding/tuned", 3),
        ("progress/dev_logits", np.zeros(3)),
        ("optimizer/slots/gradient_square/dense/bias", np.zeros(3)),
        ("optimizer/slots/last_step/embedding/tuned", np.zeros(3, int)),
    ],
)
def test_a_training_state_that_cannot_be(path, name, value):
    def spoil(file: h5py.File) -> None:
        del file[name]
        file[name] = value

    change(path, spoil)
    load_checkpoint(path)  # Enough for answers.
    with pytest.raises(UserError, match="damaged"):
        load_checkpoint(path, for_training=True)


@pytest.mark.parametrize("spoilt", ["order", "sign", "huge"])
def test_ngrams_that_no_counting_gives(path, spoilt):
    def spoil(file: h5py.File) -> None:
        keys = file["evidence/2-grams/keys"]
        if spoilt == "order":
            keys[:2] = keys[:2][::-1]
        elif spoilt == "sign":
            keys[0] = -1
        else:
            keys[-1] = 2**62

    change(path, spoil)
    refused(path, "evidence/2-grams/keys are no n-grams")


def test_evidence_that_is_no_number(path):
    change(path, lambda file: file["evidence/subwords/values"].__setitem__((1, 0), np.inf))
    refused(path, "evidence/subwords/values holds a number that is not finite")


def test_a_history_of_impossible_steps(path):
    for value in (np.inf, np.nan):
        change(path, lambda file, value=value: file["history/step"].__setitem__(0, value))
        with pytest.raises(UserError, match="damaged"):
            load_checkpoint(path, for_training=True)


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


def test_an_exception_while_the_file_is_made_leaves_nothing(trained, path, monkeypatch):
    before = path.read_bytes()
    monkeypatch.setattr(writing, "_versions", no_space)
    with pytest.raises(RunError, match="No space"):
        save_checkpoint(path, trained)
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


def test_the_listing_reads_as_the_documentation_says(original):
    with h5py.File(io.BytesIO(original.read_bytes()), "r") as file:
        groups = set(file)
        assert all(file[name].attrs["description"] for name in groups)
    documented = set(re.findall(r"^    /(\w+)", str(module.__doc__), re.MULTILINE))
    assert groups | {"ensemble", "scales"} == documented
