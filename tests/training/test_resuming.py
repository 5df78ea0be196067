"""What ``--resume`` goes on from, and what it refuses: nothing good is replaced by worse."""

import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.changed_checkpoints import change
from tests.support.small_run import (
    labelled_sentences,
    options_text,
    parameter_bytes,
    run,
    small_experiment,
    stop_at,
    write_csv,
)
from textcnn.core.progress import CheckpointDue
from textcnn.data.tokenized_data import TokenizedData
from textcnn.support.errors import RunError, UserError
from textcnn.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from textcnn.training.checkpoint.container import Container, read_container
from textcnn.training.experiment import chosen_epochs, new_experiment
from textcnn.training.resuming import resumed_experiment

OPTIONS: dict[str, Any] = {"optimizer": "adadelta", "evaluate_every": 4, "patience": 0}


@pytest.fixture(scope="module")
def data() -> TokenizedData:
    return TokenizedData.prepare(labelled_sentences(), small_experiment(**OPTIONS).config)


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory, data: TokenizedData) -> dict[str, Path]:
    """Checkpoints of a run that was stopped in each of its halves, some steps after a look."""
    folder = tmp_path_factory.mktemp("halves")
    first = small_experiment(**OPTIONS)
    stop_at(first, 9)
    save_checkpoint(folder / "first.h5", first.checkpoint())
    first = small_experiment(**OPTIONS)
    run(first)
    progress = first.trainer.progress
    second = new_experiment(
        first.config,
        data,
        lambda line: None,
        epochs=chosen_epochs(progress),
        first_half=progress,
        ngrams=first.ngrams,
    )
    stop_at(second, 2)
    save_checkpoint(folder / "second.h5", second.checkpoint())
    return {path.stem: path for path in folder.iterdir()}


def finished(path: Path, data: TokenizedData) -> Checkpoint:
    """Go on from a file to the end, keeping the states where it is, as a run does."""
    experiment = resumed_experiment(load_checkpoint(path, for_training=True), data)

    def keep(event: object) -> None:
        if isinstance(event, CheckpointDue):
            save_checkpoint(path, experiment.checkpoint())

    experiment.train_to_end(keep)
    return load_checkpoint(path, for_training=True)


def put(name: str, value: Any) -> Callable[[Container], None]:
    """Put something else in the place of a fact, or of numbers in an array."""

    def spoil(kept: Container) -> None:
        place, names = kept.facts, name.split("/")
        if name in kept.arrays:
            kept.arrays[name] = np.asarray(value, kept.arrays[name].dtype)
            return
        for part in names[:-1]:
            place = place[part]
        assert names[-1] in place
        place[names[-1]] = value

    return spoil


def edited(name: str, at: Any, value: Any) -> Callable[[Container], None]:
    """Put another number into an array."""

    def spoil(kept: Container) -> None:
        kept.arrays[name][at] = value

    return spoil


def shorter(name: str) -> Callable[[Container], None]:
    def spoil(kept: Container) -> None:
        kept.arrays[name] = kept.arrays[name][:-1].copy()

    return spoil


def swapped_labels(kept: Container) -> None:
    kept.texts["labels"].reverse()


def swapped_words(kept: Container) -> None:
    words = kept.texts["vocabulary"]
    words[1], words[2] = words[2], words[1]


def another_permutation(kept: Container) -> None:
    kept.arrays["training/progress/order"] = np.arange(95, dtype=np.int32)


def without_average(kept: Container) -> None:
    del kept.facts["training"]["decay"]


def without_chosen(kept: Container) -> None:
    del kept.facts["training"]["chosen"]


BOTH = ("first", "second")
HISTORY = "what dev has said cannot be of this run"
POSITION = "its place in training, or its totals, cannot be those of step"
FORGED: list[tuple[tuple[str, ...], Callable[[Container], None], str]] = [
    (BOTH, put("training/steps", 8), "its optimizer has made 8 steps, and training"),
    (BOTH, put("training/steps", 10**30), "its optimizer has made"),
    (BOTH, put("training/progress/step", 8), "step 8"),
    (BOTH, put("training/progress/epoch", 7), POSITION),
    (BOTH, put("training/progress/batch", 5), POSITION),
    (BOTH, put("training/progress/seen", 3), POSITION),
    (BOTH, put("training/progress/correct", 10**6), POSITION),
    (BOTH, put("training/progress/loss_sum", -1.0), POSITION),
    (BOTH, put("training/progress/finished", True), POSITION),
    (BOTH, another_permutation, POSITION),
    (BOTH, swapped_labels, "its labels are not those of the data"),
    (BOTH, swapped_words, "its words are not those of the data"),
    (BOTH, edited("label_counts", 0, 7), "its counts of labels are not those of the data"),
    (BOTH, edited("seen", 3, 7), "its training sentences are not those of the data"),
    (BOTH, put("training/decay", 0.5), "its average decays by 0.5"),
    (BOTH, without_average, "it has an average and should have none"),
    (BOTH, shorter("training/ngram_dev_logits"), "what its n-grams say of the dev sentences"),
    (BOTH, edited("training/slots/update_square/dense/bias", 0, -1), "holds squares below 0"),
    (BOTH, edited("training/slots/last_step/embedding/tuned", 0, 99), "no steps of this run"),
    (BOTH, edited("history", (0, 3), 0.25), "stands in it twice, and not alike"),
    (("first",), put("training/progress/best_step", 3), HISTORY),
    (("first",), edited("training/progress/history", (0, 1), 1e300), HISTORY),
    (("first",), edited("training/progress/history", (0, 0), 6), HISTORY),
    (("first",), edited("training/progress/history", (0, 3), 2), HISTORY),
    (("first",), shorter("training/progress/dev_logits"), HISTORY),
    (("second",), put("training/chosen/finished", False), "dev has not chosen in the first"),
    (("second",), put("training/chosen/best_step", -1), "dev has not chosen in the first"),
    (("second",), edited("training/chosen/history", (0, 1), 1e9), HISTORY),
    (("second",), put("config/refit", False), "which a run without --refit does not have"),
    (("second",), without_chosen, "not those of the data"),
]


@pytest.mark.parametrize(("halves_tried", "spoil", "words"), FORGED)
def test_what_contradicts_itself_is_refused(halves, data, tmp_path, halves_tried, spoil, words):
    for half in halves_tried:
        path = Path(shutil.copy(halves[half], tmp_path / "last.h5"))
        change(path, spoil)
        before = path.read_bytes()
        with pytest.raises(UserError, match=re.escape(words)) as error:
            finished(path, data)
        assert "\n" not in str(error.value)
        assert path.read_bytes() == before


def test_what_does_not_goes_on(halves, data, tmp_path):
    for half, original in halves.items():
        path = Path(shutil.copy(original, tmp_path / f"{half}.h5"))
        state = finished(path, data).training
        assert state is not None
        assert state.progress.finished


EXTREMES = (0.0, -0.0, 1.0, -1.0, 1e-45, 3e38, -3e38, 1e9, -7.5)
WHOLE_EXTREMES = (0, 1, -1, 2, 7, 1000, 2**31 - 1, 2**63 - 1, -(2**62))


def forge(kept: Container, choose: random.Random) -> str:
    """Put an extreme number somewhere; say where."""
    if choose.random() < 0.3:
        place, path = kept.facts["training"], "training"
        while True:
            name = choose.choice(sorted(place))
            path += f"/{name}"
            if not isinstance(place[name], dict):
                break
            place = place[name]
        place[name] = choose.choice([*WHOLE_EXTREMES, *EXTREMES, True, None, "x", [], {}])
        return path
    name = choose.choice([name for name, array in kept.arrays.items() if array.size])
    array = kept.arrays[name].copy()
    at = choose.randrange(array.size)
    if array.dtype.kind == "f":
        array.reshape(-1)[at] = choose.choice(EXTREMES)
    else:
        limits = np.iinfo(array.dtype)
        value = choose.choice(WHOLE_EXTREMES)
        array.reshape(-1)[at] = min(max(value, int(limits.min)), int(limits.max))
    kept.arrays[name] = array
    return name


def forge_and_go_on(halves: dict[str, Path], data: TokenizedData, path: Path, count: int) -> None:
    """Whatever a forged state does, what is left can be loaded and predicts with numbers."""
    choose = random.Random(2)
    for number in range(count):
        shutil.copy(halves[choose.choice(BOTH)], path)
        kept = read_container(path)
        where = forge(kept, choose)
        spoilt = Container(kept.facts, kept.arrays, kept.texts)
        try:
            change(path, lambda now, spoilt=spoilt: now.arrays.update(spoilt.arrays))
            change(path, lambda now, spoilt=spoilt: now.facts.update(spoilt.facts))
        except RunError:  # It cannot even be written.
            continue
        before = path.read_bytes()
        try:
            end = finished(path, data)
        except (UserError, RunError) as error:
            line, diverged = str(error), isinstance(error, RunError)
        else:
            assert all(np.isfinite(array).all() for array in end.networks[0].values())
            continue
        assert "\n" not in line, (number, where)
        if not diverged:
            assert path.read_bytes() == before, (number, where)
        elif path.read_bytes() != before:
            load_checkpoint(path, for_training=True)


def test_forged_states_leave_what_can_be_loaded(halves, data, tmp_path):
    forge_and_go_on(halves, data, tmp_path / "last.h5", 20)


@pytest.mark.torture
def test_many_forged_states_leave_what_can_be_loaded(halves, data, tmp_path):
    forge_and_go_on(halves, data, tmp_path / "last.h5", 300)


# Flipped bits, through the command


def replaced(path: Path, content: bytes) -> None:
    """With a new file, since the old one may have other names."""
    aside = path.with_name("new")
    aside.write_bytes(content)
    aside.replace(path)


def flip_and_resume(call: Any, tmp_path: Path, reviews: Path, count: int) -> None:
    """Resume after each of so many flipped bits: refused, and nothing in the folder changed."""
    words = ("train", "--data", reviews, *options_text(epochs=2, checkpoint_every=5))
    assert call(*words, "--out", "run", "--no-refit")[0] == 0
    run, choose = tmp_path / "run", random.Random(3)
    last = run / "checkpoints" / "last.h5"
    content = last.read_bytes()
    replaced(last, content)
    before = {path: path.read_bytes() for path in sorted(run.rglob("*")) if path.is_file()}
    for _ in range(count):
        at, bit = choose.randrange(len(content)), choose.randrange(8)
        replaced(last, content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :])
        code, out, err = call("train", "--resume", run)
        assert (code, out, err.count("\n")) == (2, "", 1), (at, bit, err)
        assert err.startswith(f"textcnn: {last}: "), err
        assert "best.h5 is whole: use that one" in err or "by a newer textcnn" in err
    replaced(last, content)
    after = {path: path.read_bytes() for path in sorted(run.rglob("*")) if path.is_file()}
    assert after == before
    assert call("train", "--resume", run)[0] == 0


def test_a_flipped_bit_is_found_before_a_run_goes_on(call, tmp_path, reviews):
    flip_and_resume(call, tmp_path, reviews, 50)


@pytest.mark.torture
def test_flipped_bits_are_found_before_a_run_goes_on(call, tmp_path, reviews):
    flip_and_resume(call, tmp_path, reviews, 1400)


# Options


@pytest.mark.parametrize("ensemble", ["1", "2"])
def test_options_changed_in_the_folder_are_said_and_not_ignored(call, tmp_path, reviews, ensemble):
    words = ("train", "--data", reviews, *options_text(epochs=1), "--ensemble", ensemble)
    assert call(*words, "--out", "run")[0] == 0
    folder = tmp_path / "run" if ensemble == "1" else tmp_path / "run" / "members" / "2"
    config, last = folder / "config.toml", folder / "checkpoints" / "last.h5"
    written, before = config.read_text(), last.read_bytes()
    config.write_text(written.replace("epochs = 1\n", "epochs = 7\n"))
    code, _, err = call("train", "--resume", "run")
    assert code == 2
    assert "config.toml has --epochs 7, the run's checkpoint has --epochs 1" in err
    config.write_text(written + 'init_from = "x.h5"\n')
    assert (
        "has --init-from x.h5, the run's checkpoint has no" in call("train", "--resume", "run")[2]
    )
    config.write_text("epochs = [")
    assert "not TOML" in call("train", "--resume", "run")[2]
    assert last.read_bytes() == before
    config.write_text(written)
    assert call("train", "--resume", "run")[0] == 0
    config.unlink()  # The checkpoint holds all of it.
    assert call("train", "--resume", "run")[0] == 0


@pytest.mark.parametrize("ensemble", ["1", "2"])
def test_data_that_has_been_moved_is_named_and_found_from_then_on(call, tmp_path, ensemble):
    data = write_csv(tmp_path / "reviews.csv", labelled_sentences())
    words = ("train", "--data", data, *options_text(epochs=1), "--ensemble", ensemble)
    assert call(*words, "--out", "run")[0] == 0
    best = tmp_path / "run" / "checkpoints" / "best.h5"
    before = load_checkpoint(best)
    moved = data.rename(tmp_path / "moved.csv")
    code, _, err = call("train", "--resume", "run")
    assert code == 2
    expected = f"no such file: {data}; if it has been moved, say where to with --data"
    assert err.splitlines()[-1] == f"textcnn: {expected}"
    assert "leave out --epochs" in call("train", "--resume", "run", "--epochs", "2")[2]

    other = write_csv(tmp_path / "other.csv", labelled_sentences(seed=1))
    code, _, err = call("train", "--resume", "run", "--data", other)
    assert code == 2
    assert "is not what the run was started with" in err
    assert str(data) in (tmp_path / "run" / "config.toml").read_text()

    assert call("train", "--resume", "run", "--data", moved)[0] == 0
    after = load_checkpoint(best)
    for mine, theirs in zip(after.networks, before.networks, strict=True):
        assert parameter_bytes(mine) == parameter_bytes(theirs)
    assert after.config.data == (str(moved),)
    assert call("train", "--resume", "run")[0] == 0
    assert call("eval", "run")[0] == 0


def test_an_ensemble_that_lacks_a_network_gets_it_back(call, tmp_path, reviews):
    words = ("train", "--data", reviews, *options_text(epochs=1), "--ensemble", "2")
    assert call(*words, "--out", "run")[0] == 0
    best = tmp_path / "run" / "checkpoints" / "best.h5"
    before = load_checkpoint(best)
    (tmp_path / "run" / "members" / "1" / "checkpoints" / "best.h5").unlink()
    shutil.rmtree(tmp_path / "run" / "members" / "2")
    best.unlink()
    assert call("train", "--resume", "run")[0] == 0
    for mine, theirs in zip(load_checkpoint(best).networks, before.networks, strict=True):
        assert parameter_bytes(mine) == parameter_bytes(theirs)
