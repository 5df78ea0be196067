"""Training anew on train and dev together, and several networks in one model."""

import contextlib
import signal
import subprocess

import numpy as np
import pytest

import textcnn.data.vectors as vectors_package
from tests.support.processes import Started, textcnn
from tests.support.small_run import (
    labelled_sentences,
    options_text,
    parameter_bytes,
    run,
    small_config,
    small_experiment,
    state_bytes,
    stop_at,
)
from textcnn.core.progress import CheckpointDue, EvaluationDone, StepDone
from textcnn.data.tokenized_data import TokenizedData
from textcnn.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from textcnn.training.experiment import chosen_epochs, new_experiment
from textcnn.training.keepers import FolderKeeper
from textcnn.training.resuming import resumed_experiment
from textcnn.training.run import train_in_memory, train_run
from textcnn.training.run_folder import RunFolder


def quiet(line: str) -> None:
    """Nobody to tell."""


def assert_same_fusion(one: Checkpoint, other: Checkpoint) -> None:
    assert parameter_bytes(vars(one.fusion)) == parameter_bytes(vars(other.fusion))


@pytest.fixture(scope="module")
def data() -> TokenizedData:
    return TokenizedData.prepare(labelled_sentences(), small_config())


@pytest.fixture(scope="module")
def chosen(data):
    """A first half that is finished: its experiment and its progress."""
    experiment = small_experiment(epochs=2, evaluate_every=4)
    run(experiment)
    return experiment


def again(data, chosen):
    progress = chosen.trainer.progress
    return new_experiment(
        chosen.config,
        data,
        quiet,
        epochs=chosen_epochs(progress),
        first_half=progress,
        ngrams=chosen.ngrams,
    )


def test_the_refit_trains_on_train_and_dev_for_as_long_as_dev_chose(data, chosen):
    second = again(data, chosen)
    assert len(second.train) == len(chosen.train) + len(chosen.dev) == 108
    best = chosen.trainer.progress.best
    assert best is not None
    wanted = round(best.epoch * np.ceil(108 / 16))
    events = run(second)
    steps = [event for event in events if isinstance(event, StepDone)]
    assert len(steps) == second.steps == wanted
    assert not [event for event in events if isinstance(event, EvaluationDone)]
    dues = [event.is_best for event in events if isinstance(event, CheckpointDue)]
    assert dues[-1]
    assert not any(dues[:-1])
    # What dev said is kept, for the fusion and for whoever looks at the run.
    kept = second.checkpoint()
    assert kept.history == chosen.trainer.progress.history
    assert_same_fusion(kept, chosen.checkpoint())


def test_words_and_ngrams_of_dev_are_known_only_after_the_refit(data, chosen):
    second = again(data, chosen)
    assert set(second.vocabulary.words) >= set(chosen.vocabulary.words)
    first_hashes, second_hashes = (
        set(chosen.train_hashes.tolist()),
        set(second.train_hashes.tolist()),
    )
    assert len(second_hashes - first_hashes) == 12
    assert len(second.ngrams.expert.keys["2"]) > len(chosen.ngrams.expert.keys["2"])
    tested = {tuple(tokens) for tokens in data.tokens.take(data.split.test)}
    trained = {tuple(tokens) for tokens in data.tokens.take(data.everything_but_test)}
    assert not tested & trained


def test_a_refit_stopped_anywhere_ends_in_the_same_bytes(tmp_path, data, chosen):
    whole = again(data, chosen)
    run(whole)
    expected = state_bytes(whole)
    for step in (1, 3, whole.steps - 1):
        stopped = again(data, chosen)
        stop_at(stopped, step)
        path = tmp_path / f"{step}.h5"
        save_checkpoint(path, stopped.checkpoint())
        resumed = resumed_experiment(load_checkpoint(path, for_training=True), data)
        assert state_bytes(resumed) == state_bytes(stopped)
        run(resumed)
        assert state_bytes(resumed) == expected


@pytest.mark.parametrize("refit", [True, False])
def test_training_in_memory_gives_what_the_command_leaves(call, tmp_path, reviews, refit):
    options = options_text(seed=3) + ([] if refit else ["--no-refit"])
    assert call("train", "--data", reviews, "--out", "r", *options)[0] == 0
    left = load_checkpoint(tmp_path / "r" / "checkpoints" / "best.h5")
    config = small_config(seed=3, refit=refit)
    data = TokenizedData.prepare(labelled_sentences(), config)
    model, outcome = train_in_memory(config, data, quiet)
    assert parameter_bytes(left.networks[0]) == parameter_bytes(model.networks[0])
    assert parameter_bytes(left.ngrams.arrays()) == parameter_bytes(model.ngrams.arrays())
    assert_same_fusion(left, model)
    assert len(left.train_hashes) == (108 if refit else 96)
    assert len(outcome.best) == 1


def test_a_stop_in_the_last_step_of_a_half_is_no_less_a_stop(tmp_path, data):
    config = small_config(epochs=2, ensemble=2)

    @contextlib.contextmanager
    def stopped_at_its_end(experiment):
        def listen(event):
            if experiment.trainer.progress.finished:
                experiment.trainer.request_stop()

        yield listen

    def best_after(path, **watch):
        folder, stops = RunFolder.create(path), 0
        while not train_run(config, data, FolderKeeper(folder, quiet), quiet, **watch).finished:
            stops += 1
        return folder.best.read_bytes(), stops

    whole, _ = best_after(tmp_path / "whole")
    assert best_after(tmp_path / "stopped", watch=stopped_at_its_end) == (whole, 4)


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory, reviews):
    folder = tmp_path_factory.mktemp("ensemble") / "run"
    done = textcnn("train", "--data", reviews, *options_text(ensemble=3), "--out", folder)
    assert done.returncode == 0, done.stderr
    return folder, done


def test_an_ensemble_is_its_networks_put_together(ensemble, call, tmp_path, reviews):
    folder, done = ensemble
    numbered = [line for line in done.stderr.decode().splitlines() if line.endswith(" of 3:")]
    assert numbered == [f"network {number} of 3:" for number in (1, 2, 3)]
    assert done.stdout.count(b"accuracy") == 1
    together = load_checkpoint(folder / "checkpoints" / "best.h5")
    assert together.config.ensemble == 3
    members = [
        load_checkpoint(folder / "members" / str(number) / "checkpoints" / "best.h5")
        for number in (1, 2, 3)
    ]
    networks = together.networks
    for member, network in zip(members, networks, strict=True):
        assert parameter_bytes(member.networks[0]) == parameter_bytes(network)
    # All of them are drawn by seeds of their own.
    assert len({network["convolution/weights"].tobytes() for network in networks}) == 3
    # The first is the network that a run without --ensemble trains.
    call("train", "--data", reviews, "--out", "alone", *options_text())
    alone = load_checkpoint(tmp_path / "alone" / "checkpoints" / "best.h5")
    assert parameter_bytes(alone.networks[0]) == parameter_bytes(members[0].networks[0])
    config = small_config(ensemble=3)
    model, _ = train_in_memory(config, TokenizedData.prepare(labelled_sentences(), config), quiet)
    assert_same_fusion(model, together)


def test_an_ensemble_is_evaluated_and_classifies(ensemble, call):
    folder, _ = ensemble
    code, out, _ = call("eval", folder)
    assert code == 0
    assert "none of these sentences were in the training part" in out
    code, out, _ = call("classify", "--checkpoint", folder, "a dull film", "a witty film")
    assert code == 0
    assert [line.split("\t")[0] for line in out.splitlines()] == ["bad", "good"]


def test_an_ensemble_stopped_in_its_second_network_ends_in_the_same_bytes(
    ensemble, tmp_path, reviews
):
    whole, _ = ensemble
    stopped = tmp_path / "stopped"
    words = ["--data", reviews, *options_text(ensemble=3)]
    with Started("train", *words, "--out", stopped, stderr=subprocess.PIPE) as process:
        lines = []
        for line in process.stderr:
            lines.append(line.decode())
            if lines[-1].startswith("epoch") and "network 2 of 3:\n" in lines:
                process.send_signal(signal.SIGINT)
    assert process.returncode == 130, "".join(lines)
    assert lines[-1].endswith(f"-m textcnn train --resume {stopped}\n")
    assert not (stopped / "checkpoints" / "best.h5").exists()
    done = textcnn("train", "--resume", stopped)
    assert done.returncode == 0, done.stderr
    first, second = (load_checkpoint(run / "checkpoints" / "best.h5") for run in (whole, stopped))
    for one, other in zip(first.networks, second.networks, strict=True):
        assert parameter_bytes(one) == parameter_bytes(other)
    assert_same_fusion(first, second)


def test_a_file_of_vectors_is_read_once_for_all_networks_and_halves(data, tmp_path, monkeypatch):
    path = tmp_path / "vectors.txt"
    path.write_text("fine 1 0\ndull 0 1\n")
    config = small_config(vectors=str(path), ensemble=2, epochs=1)
    read: list[str] = []
    opened = vectors_package.open_vectors
    monkeypatch.setattr(
        vectors_package, "open_vectors", lambda path: (read.append(str(path)), opened(path))[1]
    )
    model, _ = train_in_memory(config, data, quiet)
    assert read == [str(path)]
    row = model.vocabulary.ids(["fine"])[0]
    for parameters in model.networks:
        # Tuned a little in a few steps, so still near where it began.
        np.testing.assert_allclose(parameters["embedding/tuned"][row], [1, 0], atol=0.1)
