"""Training anew on train and dev together, and several networks in one model."""

import signal
import subprocess

import numpy as np
import pytest

from tests.support.small_run import (
    command_line,
    environment,
    labelled_sentences,
    options_text,
    parameter_bytes,
    run,
    small_config,
    small_experiment,
    state_bytes,
    textcnn,
)
from textcnn.core.trainer import CheckpointDue, Evaluated, StepDone
from textcnn.data.tokenized_data import TokenizedData
from textcnn.training.checkpoint import load_checkpoint, save_checkpoint
from textcnn.training.experiment import refit_experiment, resumed_experiment
from textcnn.training.fitting import fit


def quiet(line: str) -> None:
    """Nobody to tell."""


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
    return refit_experiment(chosen.config, data, chosen.trainer.progress, quiet)


def test_the_refit_trains_on_train_and_dev_for_as_long_as_dev_chose(data, chosen):
    second = again(data, chosen)
    assert len(second.train) == len(chosen.train) + len(chosen.dev) == 108
    best = chosen.trainer.progress.best
    assert best is not None
    wanted = round(best.epoch * np.ceil(108 / 16))
    events = run(second)
    steps = [event for event in events if isinstance(event, StepDone)]
    assert len(steps) == second.trainer.progress.refit_steps == wanted
    assert not [event for event in events if isinstance(event, Evaluated)]
    dues = [event.is_best for event in events if isinstance(event, CheckpointDue)]
    assert dues[-1]
    assert not any(dues[:-1])
    # What dev said is kept, for the temperature and for whoever looks at the run.
    assert second.trainer.progress.history == chosen.trainer.progress.history
    assert second.checkpoint().temperature == chosen.checkpoint().temperature


def test_words_and_counts_of_dev_are_known_only_after_the_refit(data, chosen):
    second = again(data, chosen)
    assert set(second.vocabulary.words) >= set(chosen.vocabulary.words)
    first_hashes, second_hashes = set(chosen.seen.tolist()), set(second.seen.tolist())
    assert len(second_hashes - first_hashes) == 12
    tested = {tuple(tokens) for tokens in data.part_tokens(data.split.test)}
    trained = {tuple(tokens) for tokens in data.part_tokens(data.everything_but_test)}
    assert not tested & trained


def test_a_refit_stopped_anywhere_ends_in_the_same_bytes(tmp_path, data, chosen):
    whole = again(data, chosen)
    run(whole)
    expected = state_bytes(whole)
    for step in (1, 3, whole.trainer.progress.refit_steps - 1):
        stopped = again(data, chosen)
        for event in stopped.trainer.run(stopped.train, stopped.dev):
            if isinstance(event, StepDone) and event.step == step:
                stopped.trainer.request_stop()
        path = tmp_path / f"{step}.h5"
        save_checkpoint(path, stopped.checkpoint())
        resumed = resumed_experiment(load_checkpoint(path, for_training=True), data)
        assert state_bytes(resumed) == state_bytes(stopped)
        run(resumed)
        assert state_bytes(resumed) == expected


def test_without_an_epoch_chosen_there_is_nothing_to_refit(data):
    with pytest.raises(ValueError, match="best epoch"):
        refit_experiment(small_config(), data, small_experiment().trainer.progress, quiet)


@pytest.mark.parametrize("refit", [True, False])
def test_training_in_memory_gives_what_the_command_leaves(call, tmp_path, reviews, refit):
    options = options_text(seed=3) + ([] if refit else ["--no-refit"])
    assert call("train", "--data", reviews, "--out", "r", *options)[0] == 0
    left = load_checkpoint(tmp_path / "r" / "checkpoints" / "best.h5")
    config = small_config(seed=3, refit=refit)
    fitted = fit(config, TokenizedData.prepare(labelled_sentences(), config), quiet)
    assert parameter_bytes(left.parameters) == parameter_bytes(fitted.checkpoint.parameters)
    assert left.temperature == fitted.checkpoint.temperature
    assert len(left.seen) == (108 if refit else 96)
    assert len(fitted.chosen) == 1


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory, reviews):
    folder = tmp_path_factory.mktemp("ensemble") / "run"
    done = textcnn(
        "train", "--data", reviews, *options_text(ensemble=3), "--out", folder, text=True
    )
    assert done.returncode == 0, done.stderr
    return folder, done


def test_an_ensemble_is_its_networks_put_together(ensemble, call, tmp_path, reviews):
    folder, done = ensemble
    numbered = [line for line in done.stderr.splitlines() if line.endswith(" of 3:")]
    assert numbered == [f"network {number} of 3:" for number in (1, 2, 3)]
    assert done.stdout.count("accuracy") == 1
    together = load_checkpoint(folder / "checkpoints" / "best.h5")
    assert together.config.ensemble == 3
    members = [
        load_checkpoint(folder / "members" / str(number) / "checkpoints" / "best.h5")
        for number in (1, 2, 3)
    ]
    networks = [together.parameters, *together.others]
    for member, network in zip(members, networks, strict=True):
        assert parameter_bytes(member.parameters) == parameter_bytes(network)
    # The first is the network that a run without --ensemble trains.
    call("train", "--data", reviews, "--out", "alone", *options_text())
    alone = load_checkpoint(tmp_path / "alone" / "checkpoints" / "best.h5")
    assert parameter_bytes(alone.parameters) == parameter_bytes(members[0].parameters)
    config = small_config(ensemble=3)
    fitted = fit(config, TokenizedData.prepare(labelled_sentences(), config), quiet)
    assert fitted.checkpoint.temperature == together.temperature


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
    with subprocess.Popen(
        command_line("train", *words, "--out", stopped),
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        lines = []
        for line in process.stderr:
            lines.append(line)
            if line.startswith("epoch") and "network 2 of 3:\n" in lines:
                process.send_signal(signal.SIGINT)
    assert process.returncode == 130, lines
    assert lines[-1].endswith(f"-m textcnn train --resume {stopped}\n")
    assert not (stopped / "checkpoints" / "best.h5").exists()
    done = textcnn("train", "--resume", stopped, text=True)
    assert done.returncode == 0, done.stderr
    first, second = (load_checkpoint(run / "checkpoints" / "best.h5") for run in (whole, stopped))
    for one, other in zip(
        (first.parameters, *first.others), (second.parameters, *second.others), strict=True
    ):
        assert parameter_bytes(one) == parameter_bytes(other)
    assert first.temperature == second.temperature
