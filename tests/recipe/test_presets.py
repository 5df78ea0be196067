"""Options of published networks by name, and which source of options goes before which."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import textcnn
from tests.support.small_run import options_text
from textcnn.commands.arguments.training_config import RunOptions
from textcnn.data.datasets.rows import READING_OPTIONS
from textcnn.recipe.config import Config, read_toml, write_toml
from textcnn.recipe.presets import PRESETS
from textcnn.support.errors import UserError

# Kim (2014), section 3.1, and the flags of dennybritz/cnn-text-classification-tf.
PUBLISHED = {
    "filter_sizes": ((3, 4, 5), (3, 4, 5)),
    "num_filters": (100, 128),
    "embedding_dim": (300, 128),
    "dropout": (0.5, 0.5),
    "dropout_draw": ("sentence", "sentence"),
    "l2": (0.0, 0.0),
    "row_norm": (3.0, 0.0),
    "optimizer": ("adadelta", "adam"),
    "learning_rate": (1.0, 0.001),
    "batch_size": (50, 64),
    "epochs": (25, 200),
    "best_by": ("accuracy", "accuracy"),
    "evaluate_every": (0, 100),
    "checkpoint_every": (0, 100),
    "checkpoints_kept": (0, 5),
    # Neither stopped early, nor had anything of what follows.
    "patience": (0, 0),
    "word_dropout": (0.0, 0.0),
    "ngrams": (0, 0),
    "subwords": (0, 0),
    "averaging": (0.0, 0.0),
    "refit": (False, False),
    "ensemble": (1, 1),
}


def training_config(options: dict[str, Any], file: Path | None, preset: str | None) -> Config:
    return RunOptions(None, preset, file, None).training_config(options)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_what_was_published(name):
    needs_vectors = name in ("kim-static", "kim-nonstatic", "kim-multichannel")
    options = {"vectors": "vectors.txt"} if needs_vectors else {}
    config = training_config(options, None, name).resolved()
    column = int(name == "dennybritz")
    assert {option: getattr(config, option) for option in PUBLISHED} == {
        option: values[column] for option, values in PUBLISHED.items()
    }
    assert config.mode == ("rand" if name == "dennybritz" else name.removeprefix("kim-"))


def test_a_preset_does_not_change_with_the_defaults():
    """Of options that decide what is learnt, only those that it makes idle are left to them."""
    idle = {"beta1", "beta2", "rho", "momentum", "vectors_algorithm"}
    given = {
        "data",
        *READING_OPTIONS,
        "dev_share",
        "test_share",
        "dev_data",
        "test_data",
        "rehearse",
    }
    given |= {"init_from", "vectors", "vectors_text", "seed", "network_seed"}
    files = {"checkpoint_every", "checkpoints_kept"}
    for preset in PRESETS.values():
        assert set(vars(Config())) - set(preset) <= idle | given | files


@pytest.mark.parametrize("name", ["kim-static", "kim-nonstatic", "kim-multichannel"])
def test_kims_networks_of_pretrained_vectors_ask_for_them(name):
    mode = name.removeprefix("kim-")
    with pytest.raises(UserError, match=f"^--mode {mode} needs --vectors$"):
        training_config({}, None, name)


def test_options_go_before_a_file_and_a_file_before_a_preset(tmp_path):
    file = tmp_path / "options.toml"
    file.write_text("batch-size = 20\nepochs = 7\n")
    config = training_config({"epochs": 3, "dropout": None, "data": ()}, file, "kim-rand")
    assert (config.epochs, config.batch_size, config.row_norm) == (3, 20, 3.0)
    assert (config.optimizer, config.dropout_draw) == ("adadelta", "sentence")
    assert config.data == Config().data


def test_settings_of_one_optimizer_are_not_carried_to_another(tmp_path):
    config = training_config({"optimizer": "sgd"}, None, "kim-rand")
    assert (config.learning_rate, config.epsilon) == (None, None)
    file = tmp_path / "options.toml"
    file.write_text('optimizer = "adam"\nlearning_rate = 0.01\n')
    config = training_config({}, file, "kim-rand")
    assert (config.optimizer, config.learning_rate, config.epsilon) == ("adam", 0.01, None)
    config = training_config({"learning_rate": 0.5}, file, "kim-rand")
    assert config.learning_rate == 0.5


def test_a_file_that_cannot_be_is_named(tmp_path):
    file = tmp_path / "options.toml"
    file.write_text("epochs = 0\n")
    with pytest.raises(UserError, match=rf"^--config {file}: --epochs 0: must be at least 1$"):
        training_config({}, file, "kim-rand")


def test_an_unknown_preset_is_one_line_that_lists_them(tmp_path):
    for command in ("train", "cv"):
        run = textcnn(command, "--preset", "kim", cwd=tmp_path)
        assert run.returncode == 2
        (line,) = run.stderr.decode().splitlines()
        assert all(name in line for name in PRESETS)


def test_a_run_trains_by_a_preset(tmp_path, reviews):
    words = ["--data", str(reviews), *options_text(epochs=1, batch_size=16)]
    run = textcnn("train", "--preset", "dennybritz", *words, "--out", "r", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    values = read_toml(Path(tmp_path / "r" / "config.toml"))
    assert (values["row_norm"], values["checkpoints_kept"], values["batch_size"]) == (0.0, 5, 16)
    again = textcnn("train", "--resume", "r", "--preset", "dennybritz", cwd=tmp_path)
    assert again.returncode == 2
    assert b"leave out --preset" in again.stderr


def test_a_seed_on_the_command_line_is_the_networks_too(tmp_path):
    file = tmp_path / "config.toml"
    write_toml(file, Config(seed=5).resolved())
    assert training_config({"seed": 1}, file, None).resolved().network_seed == 1
    assert training_config({"epochs": 1}, file, None).resolved().network_seed == 5
    chosen = training_config({"seed": 1, "network_seed": 7}, file, None)
    assert (chosen.seed, chosen.network_seed) == (1, 7)
