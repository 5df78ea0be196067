"""The training loop: repeatable, stoppable at any step, and honest about divergence."""

import numpy as np
import pytest

from tests.support.small_run import (
    labelled_sentences,
    run,
    small_experiment,
    state_bytes,
    stop_at,
)
from textcnn.core.progress import (
    CheckpointDue,
    Evaluation,
    EvaluationDone,
    Event,
    Progress,
    StepDone,
    evaluation_line,
    history_rows,
)
from textcnn.core.trainer import DivergedError
from textcnn.data.datasets.labelled_texts import LabelledTexts
from textcnn.data.tokenized_data import TokenizedData
from textcnn.support.errors import RunError, UserError
from textcnn.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from textcnn.training.experiment import Experiment
from textcnn.training.resuming import resumed_experiment

# Seven batches an epoch: neither number divides it.
UNEVEN = {"batch_size": 15, "evaluate_every": 5, "checkpoint_every": 3, "epochs": 2}
OPTIMIZERS = ("adam", "adadelta", "sgd")
LOGITS = np.zeros((2, 2))


def test_the_same_seed_gives_the_same_bytes():
    first, second, other = (small_experiment(seed=seed) for seed in (3, 3, 4))
    for experiment in (first, second, other):
        run(experiment)
    assert state_bytes(first) == state_bytes(second)
    assert (
        state_bytes(first)["parameters/dense/weights"]
        != (state_bytes(other)["parameters/dense/weights"])
    )


@pytest.mark.parametrize("options", [{"mode": "multichannel", "vectors": "train"}, {"l2": 0.1}])
def test_the_same_seed_gives_the_same_bytes_with_other_options(options):
    first, second = small_experiment(**options), small_experiment(**options)
    for experiment in (first, second):
        run(experiment)
    assert state_bytes(first) == state_bytes(second)


def prepared(corpus: LabelledTexts, checkpoint: Checkpoint) -> TokenizedData:
    return TokenizedData.prepare(corpus, checkpoint.config)


def stopped_at(experiment: Experiment, step: int) -> Experiment:
    """Train until ``step`` is made and a stop is asked for; what the loop does then is its own."""
    assert isinstance(stop_at(experiment, step)[-1], CheckpointDue)
    return experiment


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_stopped_at_any_step_and_resumed_it_ends_in_the_same_bytes(tmp_path, optimizer):
    options = {**UNEVEN, "optimizer": optimizer, "clip_norm": 1.0, "l2": 0.01, "patience": 0}
    whole = small_experiment(**options)
    run(whole)
    expected = state_bytes(whole)
    assert whole.trainer.progress.step == 14
    for step in range(1, 15):
        experiment = stopped_at(small_experiment(**options), step)
        assert experiment.trainer.progress.step == step
        path = tmp_path / f"{step}.h5"
        save_checkpoint(path, experiment.checkpoint())
        checkpoint = load_checkpoint(path, for_training=True)
        resumed = resumed_experiment(checkpoint, prepared(labelled_sentences(), checkpoint))
        assert state_bytes(resumed) == state_bytes(experiment)
        run(resumed)
        assert state_bytes(resumed) == expected


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_run_can_go_on_from_each_of_its_checkpoints(tmp_path, optimizer):
    options = {**UNEVEN, "optimizer": optimizer}
    whole = small_experiment(**options)
    paths = []
    for event in whole.trainer.run(whole.train, whole.dev):
        if isinstance(event, CheckpointDue):
            paths.append(tmp_path / f"{whole.trainer.progress.step}.h5")
            save_checkpoint(paths[-1], whole.checkpoint())
    assert len(paths) > 4
    for path in paths:
        checkpoint = load_checkpoint(path, for_training=True)
        resumed = resumed_experiment(checkpoint, prepared(labelled_sentences(), checkpoint))
        run(resumed)
        assert state_bytes(resumed) == state_bytes(whole)


def test_a_finished_run_resumed_does_nothing(tmp_path):
    whole = small_experiment()
    run(whole)
    save_checkpoint(tmp_path / "last.h5", whole.checkpoint())
    checkpoint = load_checkpoint(tmp_path / "last.h5", for_training=True)
    resumed = resumed_experiment(checkpoint, prepared(labelled_sentences(), checkpoint))
    assert run(resumed) == []
    assert state_bytes(resumed) == state_bytes(whole)


def test_stopped_before_the_first_step_the_state_is_that_of_the_beginning():
    experiment = small_experiment()
    before = state_bytes(experiment)
    experiment.trainer.request_stop()
    assert run(experiment) == [CheckpointDue(is_best=False)]  # What is untrained must not predict.
    assert state_bytes(experiment) == before


def test_events_come_when_the_options_say():
    # So small a step that dev is never better than at first, where no checkpoint is due otherwise.
    experiment = small_experiment(**UNEVEN, patience=0, learning_rate=1e-30)
    seen = [(type(event).__name__, experiment.trainer.progress.step) for event in
            experiment.trainer.run(experiment.train, experiment.dev)]  # fmt: skip
    steps = [step for name, step in seen if name == "StepDone"]
    evaluations = [step for name, step in seen if name == "EvaluationDone"]
    checkpoints = {step for name, step in seen if name == "CheckpointDue"}
    assert steps == list(range(1, 15))
    assert evaluations == [5, 10, 14]  # every 5, and at the end
    assert experiment.trainer.progress.best_step == 5
    assert checkpoints == {0, 3, 5, 6, 9, 12, 14}
    assert experiment.trainer.progress.finished


def test_every_pass_sees_every_sentence_once():
    experiment = small_experiment(epochs=2)
    trainer, orders = experiment.trainer, []
    for event in trainer.run(experiment.train, experiment.dev):
        if isinstance(event, StepDone) and trainer.progress.batch == 0:
            orders.append(trainer.progress.order.tolist())
    assert [sorted(order) for order in orders] == [list(range(96))] * 2
    assert orders[0] != orders[1]


def test_an_evaluation_reports_the_training_since_the_one_before():
    experiment = small_experiment(evaluate_every=4, epochs=2, dropout=0, word_dropout=0)
    steps: list[StepDone] = []
    for event in experiment.trainer.run(experiment.train, experiment.dev):
        if isinstance(event, StepDone):
            steps.append(event)
        elif isinstance(event, EvaluationDone):
            since = [step for step in steps if step.step > event.evaluation.step - 4]
            assert event.evaluation.train_loss == pytest.approx(np.mean([s.loss for s in since]))
            assert event.evaluation.epoch == pytest.approx(event.evaluation.step / 6)
    assert len(experiment.trainer.progress.history) == 3


def evaluation(step: int, accuracy: float, loss: float = 1.0, macro_f1: float = 0.5) -> Evaluation:
    return Evaluation(step, step / 10, 1.0, 0.5, loss, accuracy, macro_f1)


def test_the_best_evaluation_is_the_most_accurate_and_of_equals_the_surest():
    progress = Progress()
    outcomes = [
        progress.add(evaluation(1, 0.5, 0.9), LOGITS, "accuracy"),
        progress.add(evaluation(2, 0.6, 2.0), LOGITS, "accuracy"),
        progress.add(evaluation(3, 0.6, 1.5), LOGITS, "accuracy"),
        progress.add(evaluation(4, 0.6, 1.5), LOGITS, "accuracy"),
        progress.add(evaluation(5, 0.55, 0.1), LOGITS, "accuracy"),
    ]
    assert outcomes == [True, True, True, False, False]
    assert progress.best is not None
    assert progress.best.step == 3
    assert progress.evaluations_since_best() == 2
    assert Progress().best is None


def test_or_the_one_with_the_lowest_loss_and_of_equals_the_most_accurate():
    progress = Progress()
    outcomes = [
        progress.add(evaluation(1, 0.6, 0.9), LOGITS, "loss"),
        progress.add(evaluation(2, 0.9, 1.0), LOGITS, "loss"),
        progress.add(evaluation(3, 0.5, 0.8), LOGITS, "loss"),
        progress.add(evaluation(4, 0.7, 0.8), LOGITS, "loss"),
    ]
    assert outcomes == [True, False, True, True]
    assert progress.best_step == 4


def test_or_the_one_with_the_best_f1_and_of_equals_the_surest():
    progress = Progress()
    outcomes = [
        progress.add(evaluation(1, 0.6, 0.9, 0.5), LOGITS, "macro-f1"),
        progress.add(evaluation(2, 0.9, 0.1, 0.4), LOGITS, "macro-f1"),
        progress.add(evaluation(3, 0.5, 0.8, 0.5), LOGITS, "macro-f1"),
        progress.add(evaluation(4, 0.4, 2.0, 0.6), LOGITS, "macro-f1"),
    ]
    assert outcomes == [True, False, True, True]


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (None, "epoch  3.00  step  1,200  train loss 0.100 90.0 %  dev loss 0.200 80.0 %  best"),
        (80, "epoch  3.00  step  1,200  train loss 0.100 90.0 %  dev loss 0.200 80.0 %  best"),
        (79, "epoch  3.00  train 0.100 90.0 %  dev 0.200 80.0 %  best"),
    ],
)
def test_an_evaluation_is_a_line_that_fits(width, expected):
    found = Evaluation(1200, 3.0, 0.1, 0.9, 0.2, 0.8, 0.7)
    assert evaluation_line(found, is_best=True, width=width) == expected
    assert evaluation_line(found, width=width) == expected.removesuffix("  best")


def test_what_was_not_measured_is_left_out():
    nothing = float("nan")
    found = Evaluation(7, 0.5, 0.1, 0.9, nothing, nothing, nothing)
    assert evaluation_line(found, width=79) == "epoch  0.50  train 0.100 90.0 %"
    assert history_rows([found]) == [
        {"step": 7, "epoch": 0.5, "train_loss": 0.1, "train_accuracy": 0.9}
    ]


class CountedSteps:
    """An average of the parameters that only remembers what it was told."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.caught_up: list[int] = []

    def before_update(self, parameters, gradients, step):
        self.seen.append(step)

    def catch_up(self, parameters, step):
        self.caught_up.append(step)

    def of(self, parameters, step):
        return {name: 2 * array for name, array in parameters.items()}


def test_an_average_sees_every_step_and_is_whole_at_the_end():
    experiment = small_experiment(averaging=0)
    trainer, average = experiment.trainer, CountedSteps()
    trainer.average = average
    events = list(trainer.run(experiment.train, None, steps=4))
    assert isinstance(events[-1], CheckpointDue)
    assert (average.seen, average.caught_up) == ([0, 1, 2, 3], [4])
    doubled = trainer.predicting_network().parameters
    for name, array in trainer.network.parameters.items():
        np.testing.assert_array_equal(doubled[name], 2 * array)


def test_training_stops_when_the_patience_runs_out():
    # So small a step that the dev sentences are never better than at first.
    experiment = small_experiment(patience=2, epochs=50, learning_rate=1e-30)
    events = run(experiment)
    evaluations = [event for event in events if isinstance(event, EvaluationDone)]
    assert [event.is_best for event in evaluations] == [True, False, False]
    assert experiment.trainer.progress.finished
    assert isinstance(events[-1], CheckpointDue)


def test_without_patience_all_epochs_are_trained():
    experiment = small_experiment(patience=0, epochs=6, learning_rate=1e-30)
    run(experiment)
    assert experiment.trainer.progress.epoch == 6


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_divergence_is_said_once_and_never_written(tmp_path, optimizer):
    """The last checkpoint can be loaded, whatever the step after it did to the parameters."""
    experiment = small_experiment(
        optimizer=optimizer, learning_rate=1e38, row_norm=0, checkpoint_every=1, epochs=9
    )
    path = tmp_path / "last.h5"

    def keep(event: Event) -> None:
        if isinstance(event, CheckpointDue):
            save_checkpoint(path, experiment.checkpoint())

    with pytest.raises(RunError) as error:  # And no warning, which would be an error here.
        experiment.train_to_end(keep)
    assert "--learning-rate" in str(error.value)
    assert "\n" not in str(error.value)
    load_checkpoint(path, for_training=True)


def test_a_loss_that_is_no_number_is_refused_before_the_update():
    experiment = small_experiment()
    experiment.trainer.network.parameters["dense/bias"][0] = np.nan
    with pytest.raises(RunError, match="the loss is nan at step 1; the last checkpoint is kept"):
        run(experiment)
    assert experiment.trainer.optimizer.steps == 0


@pytest.mark.parametrize(("bias", "loss"), [(np.nan, "nan"), (2e9, "[0-9.]+e[+]08")])
def test_an_evaluation_that_is_not_sensible_is_never_the_best(bias: float, loss: str):
    experiment = small_experiment(evaluate_every=1)
    trainer = experiment.trainer
    events = trainer.run(experiment.train, experiment.dev)
    assert isinstance(next(events), CheckpointDue)
    assert isinstance(next(events), StepDone)
    trainer.network.parameters["dense/bias"][0] = bias
    with pytest.raises(DivergedError, match=f"the dev loss is {loss} at step 1"):
        next(events)
    assert trainer.progress.best is None


def test_row_norms_are_kept_within_the_limit():
    experiment = small_experiment(row_norm=0.25, learning_rate=0.1)
    run(experiment)
    norms = np.linalg.norm(experiment.trainer.network.parameters["dense/weights"], axis=1)
    assert norms.max() == pytest.approx(0.25, rel=1e-5)


def test_static_vectors_stay_as_they_came():
    experiment = small_experiment(mode="multichannel", vectors="train")
    parameters = experiment.trainer.network.parameters
    before = parameters["embedding/static"].copy()
    run(experiment)
    assert parameters["embedding/static"].tobytes() == before.tobytes()
    assert (parameters["embedding/tuned"] != before).any()


# Resuming refuses what it cannot go on from


def changed(checkpoint, **fields):
    import dataclasses

    return dataclasses.replace(checkpoint, **fields)


@pytest.fixture
def halfway(tmp_path):
    experiment = stopped_at(small_experiment(), 8)
    save_checkpoint(tmp_path / "last.h5", experiment.checkpoint())
    return load_checkpoint(tmp_path / "last.h5", for_training=True)


def test_other_data_is_refused(halfway):
    corpus = labelled_sentences()
    for other in (
        LabelledTexts(corpus.texts[::-1], corpus.labels[::-1], "reversed"),
        LabelledTexts(corpus.texts[:-2], corpus.labels[:-2], "shortened"),
        LabelledTexts(corpus.texts, corpus.labels[::-1], "relabelled"),
    ):
        with pytest.raises(UserError, match=f"--resume: the data .{other.source}. is not what"):
            resumed_experiment(halfway, prepared(other, halfway))


@pytest.mark.parametrize(
    "fault",
    ["short order", "late batch", "negative", "slot missing", "state", "huge state", "no state"],
)
def test_a_damaged_state_is_refused(halfway, fault):
    state = halfway.training
    if fault == "short order":
        state.progress.order = np.arange(50)
    elif fault == "late batch":
        state.progress.batch = 10**6
    elif fault == "negative":
        state.progress.batch = -1
    elif fault == "slot missing":
        del state.slots["mean/dense/bias"]
    elif fault == "state":
        state.random_state["bit_generator"] = "MT19937"
    elif fault == "huge state":
        state.random_state["state"]["state"] = -(10**60)
    else:
        state = changed(state, random_state={})
    data = prepared(labelled_sentences(), halfway)
    with pytest.raises(UserError, match=r"the checkpoint.* damaged"):
        resumed_experiment(changed(halfway, training=state), data)
