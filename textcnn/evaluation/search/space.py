"""Which options a search varies, and over which values."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textcnn.data.datasets.rows import READING_OPTIONS
from textcnn.recipe.config import Config, Value, flag, value_type
from textcnn.support.errors import UserError

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

Drawn = float | int | str
"""What Optuna draws: a number within a range, or the text of a choice."""

FIXED = {
    "data",
    *READING_OPTIONS,
    "dev_share",
    "test_share",
    "tokenizer",
    "vectors",
    "ensemble",
    "refit",
    "checkpoint_every",
    "checkpoints_kept",
    "seed",
    "network_seed",
}
"""Options that decide which sentences score, are files that are read once for all trials, mean
nothing to a trial, or are luck."""


@dataclass(frozen=True)
class VariedOption:
    """An option that is varied.

    Attributes:
        name: of the option.
        distribution: what Optuna draws from: numbers between two bounds, or texts.
        by_text: the values that the texts stand for; empty where numbers are drawn.
    """

    name: str
    distribution: Any
    by_text: dict[str, Value]

    @property
    def values(self) -> list[Value]:
        """All that are named, or the outermost of a range."""
        return list(self.by_text.values()) or [self.distribution.low, self.distribution.high]

    def value(self, drawn: Drawn) -> Value:
        """The option's value."""
        return self.by_text[str(drawn)] if self.by_text else drawn

    def drawn(self, value: Value) -> Drawn | None:
        """What would have to be drawn for this value; None if nothing could be."""
        if self.by_text:
            return next((text for text, named in self.by_text.items() if named == value), None)
        low, high = self.values
        return value if value is not None and low <= value <= high else None


@dataclass(frozen=True)
class Space:
    """The space of a search: the options that are varied, and where from.

    Attributes:
        start: the options as given; what is not varied stays as it is here.
        varied: in the order given.
    """

    start: Config
    varied: list[VariedOption]

    @classmethod
    def parse(cls, specs: Sequence[str], start: Config) -> "Space":
        """Read the values of ``--vary``.

        Args:
            specs: such as ``dropout=0.3:0.7``, ``learning_rate=1e-4:1e-2:log`` or
                ``filter_sizes=3,4,5|7``.
            start: the options as given.

        Raises:
            UserError: naming the first that makes no sense, and why.
        """
        varied: list[VariedOption] = []
        for spec in specs:
            one = _parse(spec)
            if any(one.name == other.name for other in varied):
                raise UserError(f"--vary {spec}: {flag(one.name)} is varied already")
            varied.append(one)
        # Each value beside the first ones of the other options.
        firsts = {one.name: one.values[0] for one in varied}
        for spec, one in zip(specs, varied, strict=True):
            for value in one.values:
                _changed(start, {**firsts, one.name: value}).check(f"--vary {spec}")
        return cls(start, varied)

    def config(self, drawn: dict[str, Drawn]) -> Config:
        """The options with what was drawn in place of what was given."""
        values = {one.name: one.value(drawn[one.name]) for one in self.varied}
        return _changed(self.start, values)

    def drawn_start(self) -> dict[str, Drawn] | None:
        """The options as given, in the way of a draw; None if they lie outside the space."""
        start = self.start.resolved()
        drawn = {one.name: one.drawn(getattr(start, one.name)) for one in self.varied}
        known = {name: value for name, value in drawn.items() if value is not None}
        return known if len(known) == len(drawn) else None

    def distributions(self) -> "dict[str, BaseDistribution]":
        """As Optuna has it."""
        return {one.name: one.distribution for one in self.varied}


def default_specs(config: Config) -> list[str]:
    """What is varied where nothing is asked for.

    The learning rate goes from a third of the one given, or of the optimizer's default, to three
    times it.
    """
    rate = config.resolved().learning_rate or 0.0
    return [
        "dropout=0.2:0.7",
        "word_dropout=0:0.5",
        "filter_sizes=3,4,5|2,3,4|1,2,3|2,3,4,5|3|5",
        "num_filters=50:400:log",
        f"learning_rate={rate / 3:.3g}:{rate * 3:.3g}:log",
    ]


def _changed(config: Config, values: dict[str, Value]) -> Config:
    if values.get("optimizer", config.optimizer) != config.optimizer:
        # These were given, or decided, for the other optimizer.
        config = dataclasses.replace(config, learning_rate=None, epsilon=None)
    return dataclasses.replace(config, **values)


def _parse(spec: str) -> VariedOption:
    name, equals, words = spec.partition("=")
    name = name.strip().removeprefix("--").replace("-", "_")
    if not equals or not name:
        raise UserError(f"--vary {spec}: write OPTION=LOW:HIGH, OPTION=LOW:HIGH:log or OPTION=A|B")
    known = {field.name: field for field in dataclasses.fields(Config)}
    if name not in known:
        raise UserError(f"--vary {spec}: no option is called {name}; see train --help")
    if name in FIXED:
        raise UserError(
            f"--vary {spec}: {flag(name)} is the same for all trials; give it once, beside --vary"
        )
    kind, several = value_type(known[name])
    # Imported here: it need not be installed, and is slow to load.
    from optuna.distributions import CategoricalDistribution

    if kind in (int, float) and not several and ":" in words and "|" not in words:
        return VariedOption(name, _range(spec, kind, words.split(":")), {})
    by_text: dict[str, Value] = {}
    for word in map(str.strip, words.split("|")):
        parts = [_single(spec, kind, part) for part in (word.split(",") if several else [word])]
        value = tuple(parts) if several else parts[0]
        if value in by_text.values():
            raise UserError(f"--vary {spec}: {word} stands there twice")
        by_text[word] = value
    if len(by_text) < 2:
        raise UserError(f"--vary {spec}: one value is nothing to choose from; give {flag(name)}")
    return VariedOption(name, CategoricalDistribution(list(by_text)), by_text)


def _range(spec: str, kind: type, words: list[str]) -> "BaseDistribution":
    from optuna.distributions import FloatDistribution, IntDistribution

    log = len(words) == 3 and words[2].strip() == "log"
    if len(words) != 2 and not log:
        raise UserError(f"--vary {spec}: a range is LOW:HIGH or LOW:HIGH:log")
    low, high = (_single(spec, kind, word) for word in words[:2])
    if not low < high:
        raise UserError(f"--vary {spec}: the range must go from the lower number to the higher")
    if log and low <= 0:
        raise UserError(f"--vary {spec}: a range with log must begin above 0")
    made = IntDistribution if kind is int else FloatDistribution
    return made(low, high, log=log)


_READ: dict[type, tuple[str, Callable[[str], Value]]] = {
    int: ("a whole number", int),
    float: ("a number", float),
    str: ("a text", str),
    bool: ("true or false", {"true": True, "false": False}.__getitem__),
}


def _single(spec: str, kind: type, word: str) -> Value:
    """One value of an option; :class:`Config` tells whether it is within its limits."""
    wanted, read = _READ[kind]
    try:
        return read(word.strip())
    except (ValueError, KeyError):
        raise UserError(f"--vary {spec}: {word!r} is not {wanted}") from None
