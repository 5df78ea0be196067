"""The options: checked, written and read back, and the same ones everywhere."""

import dataclasses
import re
import tomllib
from typing import Any

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.small_run import options_text, small_config
from textcnn.commands import cli
from textcnn.commands.arguments.options import ALL, default_words
from textcnn.recipe.config import Config, flag, read_toml, write_toml
from textcnn.support.errors import UserError
from textcnn.training.checkpoint import load_checkpoint

FIELDS = dataclasses.fields(Config)
# Any text that a file can hold: no lone surrogates, no NUL.
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20
)


@settings(max_examples=150, deadline=None)
@given(
    data=st.lists(TEXTS, min_size=1, max_size=3),
    column=TEXTS,
    rate=st.floats(1e-300, 1e300),
    seed=st.integers(0, 2**63 - 1),
)
def test_toml_gives_back_what_was_written(tmp_path_factory, data, column, rate, seed):
    path = tmp_path_factory.getbasetemp() / "config.toml"
    config = Config(data=tuple(data), text_column=column, learning_rate=rate, seed=seed)
    write_toml(path, config)
    assert Config.from_mapping(read_toml(path), "test") == config


def test_toml_gives_back_every_resolved_default(tmp_path):
    for options in ({}, {"optimizer": "adadelta"}, {"optimizer": "sgd"}, {"vectors": "train"}):
        config = Config.from_mapping(options, "test").resolved()
        write_toml(tmp_path / "config.toml", config)
        assert Config.from_mapping(read_toml(tmp_path / "config.toml"), "test") == config
        assert config.resolved() == config


BAD_VALUES = [
    ("format", "xml"),
    ("dev_share", 0),
    ("dev_share", 1),
    ("test_share", -0.1),
    ("test_share", 1),
    ("tokenizer", "spacy"),
    ("min_count", 0),
    ("max_vocabulary", -1),
    ("mode", "random"),
    ("vectors_algorithm", "glove"),
    ("embedding_dim", 0),
    ("embedding_dim", 10_001),
    ("filter_sizes", [3, 0]),
    ("filter_sizes", [101]),
    ("num_filters", 0),
    ("num_filters", 100_001),
    ("ngrams", -1),
    ("ngrams", 6),
    ("subwords", -1),
    ("subwords", 21),
    ("ensemble", 0),
    ("ensemble", 101),
    ("dropout_draw", "word"),
    ("averaging", -0.1),
    ("best_by", "f1"),
    ("class_weight", "heavy"),
    ("max_tokens", -1),
    ("network_seed", -1),
    ("dropout", -0.1),
    ("dropout", 1),
    ("word_dropout", 1),
    ("l2", -1),
    ("row_norm", -1),
    ("optimizer", "rmsprop"),
    ("learning_rate", 0),
    ("learning_rate", -0.1),
    ("learning_rate", float("nan")),
    ("learning_rate", float("inf")),
    ("beta1", 1),
    ("beta2", -0.1),
    ("rho", 0),
    ("rho", 1),
    ("momentum", 1),
    ("epsilon", 0),
    ("clip_norm", -1),
    ("batch_size", 0),
    ("epochs", 0),
    ("epochs", 10**20),
    ("patience", -1),
    ("evaluate_every", -1),
    ("checkpoint_every", -1),
    ("checkpoints_kept", -1),
    ("seed", -1),
    ("seed", 2**63),
    ("text_column", "a\0b"),
    ("data", ["name-in-latin-1-\udcff.csv"]),
]


@pytest.mark.parametrize(("name", "value"), BAD_VALUES)
def test_a_value_beyond_its_limits_is_refused_by_the_options_name(name, value):
    with pytest.raises(UserError, match=f"^here: {flag(name)} ") as error:
        Config.from_mapping({name: value}, "here")
    assert "\n" not in str(error.value)


def test_every_limit_is_tried_above():
    """A new option with limits needs a line in the list."""
    limited = {
        field.name
        for field in FIELDS
        if field.metadata["limits"] != type(field.metadata["limits"])()
    }
    assert limited <= {name for name, _ in BAD_VALUES}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"filter_sizes": []}, "--filter-sizes"),
        ({"data": []}, "--data"),
        ({"filter_sizes": [3, 3]}, "--filter-sizes: each height once"),
        ({"dev_share": 0.5, "test_share": 0.5}, "--dev-share and --test-share"),
        ({"mode": "static"}, "--mode static needs --vectors"),
        ({"mode": "rand", "vectors": "train"}, "--mode rand"),
        ({"vectors_text": "f"}, "--vectors-text is for --vectors train"),
    ],
)
def test_options_that_make_no_sense_together_are_refused(options, words):
    with pytest.raises(UserError, match=re.escape(words)):
        Config.from_mapping(options, "")


@pytest.mark.parametrize("name", ["epoch", "filter.sizes", "train", ""])
def test_an_unknown_option_is_named(name):
    with pytest.raises(UserError, match=f"^here: no option is called {re.escape(name)};"):
        Config.from_mapping({name: 3}, "here")


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("epochs", "3", "a whole number"),
        ("epochs", 3.0, "a whole number"),
        ("epochs", True, "a whole number"),
        ("dropout", "half", "a number"),
        ("dropout", False, "a number"),
        ("dropout", 10**400, "too large"),
        ("encoding", 8, "a text"),
        ("data", [1], "a text"),
        ("filter_sizes", "3,4", "a whole number"),
        ("filter_sizes", [3, [4]], "a whole number"),
        ("optimizer", {"name": "adam"}, "a text"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(name, value, wanted):
    with pytest.raises(UserError, match=f"^here: {name} .*{wanted}"):
        Config.from_mapping({name: value}, "here")


def test_names_may_be_spelt_as_on_the_command_line():
    assert Config.from_mapping({"batch-size": 7}, "") == Config(batch_size=7)


@pytest.mark.parametrize("content", [b"epochs = ", b"\xff", b"epochs = 3\nepochs = 4\n", b"[a\n"])
def test_a_file_that_is_not_toml_is_refused_by_name(tmp_path, content):
    path = tmp_path / "options.toml"
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"--config {re.escape(str(path))}: not TOML"):
        read_toml(path)


def test_a_missing_file_of_options_is_named(tmp_path):
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(UserError, match=f"--config {re.escape(str(path))}: "):
            read_toml(path)


# One source of truth


def train_command() -> click.Command:
    command = cli.get_command(click.Context(cli), "train")
    assert command is not None
    return command


def test_every_option_of_training_is_on_the_command_line_with_its_default_in_the_help():
    context = click.Context(train_command(), info_name="train")
    by_name = {param.name: param for param in train_command().params}
    for field in FIELDS:
        param = by_name[field.name]
        assert isinstance(param, click.Option)
        assert param.opts == [flag(field.name)]
        assert param.default is None  # Nothing on the command line holds a default of its own.
        assert param.help is not None
        assert param.help.endswith(f"[default: {default_words(field)}]")
        assert param.help.startswith(field.metadata["help"])
    context.meta[ALL] = True
    text = " ".join(train_command().get_help(context).split())
    for field in FIELDS:
        assert f"[default: {default_words(field)}]" in text


def test_words_for_a_default_tell_what_it_resolves_to():
    for optimizer in ("adam", "adadelta", "sgd"):
        config = Config(optimizer=optimizer).resolved()
        words = {field.name: default_words(field) for field in FIELDS}
        assert f"{optimizer} {config.learning_rate:g}" in words["learning_rate"]
        if config.epsilon is not None:
            assert f"{optimizer} {config.epsilon:g}" in words["epsilon"]
    assert Config().resolved().mode == "rand"
    assert Config(vectors="train").resolved().mode == "nonstatic"


def test_the_checkpoint_and_the_runs_config_hold_the_same_values(trained_run):
    from_toml = Config.from_mapping(read_toml(trained_run / "config.toml"), "")
    from_checkpoint = load_checkpoint(trained_run / "checkpoints" / "best.h5").config
    assert from_toml == from_checkpoint
    assert from_toml.resolved() == from_toml
    assert from_toml.embedding_dim == small_config().embedding_dim


def run_config(monkeypatch: pytest.MonkeyPatch, *words: str) -> Config:
    """The configuration that a command line leads to."""
    from textcnn.commands import train

    found: list[Config] = []

    def catch(config: Config, out: Any) -> Any:
        found.append(config)
        raise UserError("enough")

    monkeypatch.setattr(train, "_new", catch)
    with pytest.raises(UserError, match="enough"):
        train.command.main(list(words), standalone_mode=False)
    return found[0]


def test_without_options_the_command_line_gives_the_defaults(monkeypatch):
    assert run_config(monkeypatch) == Config()


def test_the_command_line_goes_before_the_file_and_the_file_before_the_defaults(
    tmp_path, monkeypatch
):
    path = tmp_path / "options.toml"
    path.write_text('epochs = 9\nbatch-size = 7\ndata = ["a.csv", "b.csv"]\nfilter_sizes = [2]\n')
    config = run_config(monkeypatch, "--config", str(path), "--epochs", "5", "--data", "c.csv")
    assert config == Config(epochs=5, batch_size=7, data=("c.csv",), filter_sizes=(2,))


def test_every_option_can_be_given_on_the_command_line(monkeypatch):
    config = run_config(monkeypatch, *options_text(filter_sizes="2,3", data="a.csv", dropout=0))
    assert config == small_config(filter_sizes=[2, 3], data=["a.csv"], dropout=0)


def test_another_optimizer_than_the_files_has_its_own_learning_rate(monkeypatch, tmp_path):
    path = tmp_path / "run.toml"
    write_toml(path, Config(optimizer="adam").resolved())
    config = run_config(monkeypatch, "--config", str(path), "--optimizer", "adadelta")
    assert config.resolved().learning_rate == Config(optimizer="adadelta").resolved().learning_rate
    same = run_config(monkeypatch, "--config", str(path), "--optimizer", "adam")
    assert same == Config(optimizer="adam").resolved()


def test_a_runs_config_is_toml_for_any_reader(trained_run):
    values = tomllib.loads((trained_run / "config.toml").read_text(encoding="utf-8"))
    assert set(values) <= {field.name for field in FIELDS}
    assert values["learning_rate"] == 0.01
