"""Every option of training, once: name, type, default, limits and help.

The command line, TOML files, run folders and checkpoints all read :class:`Config`; none of them
holds a default of its own. Options of other things are declared in the same way, as
:class:`Options`.
"""

import dataclasses
import functools
import json
import math
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from textcnn.core.architecture import MODES
from textcnn.core.tokenizers import AUTO, CUSTOM, TOKENIZERS
from textcnn.support import read_back
from textcnn.support.errors import UserError
from textcnn.support.files import replace_text

FORMATS = ("csv", "tsv", "jsonl", "fasttext", "trec", "trec-fine")
"""How files of sentences can be written. Parquet and Excel are told by their content."""

LARGEST_INTEGER = 2**63 - 1
"""What a TOML file and a checkpoint can hold."""

Value = Any  # One of: bool, int, float, str, None, tuple of int or of str.


@dataclass(frozen=True)
class Limits:
    """The limits of a value, besides its type.

    Attributes:
        minimum, maximum: bounds, inclusive unless ``below`` or ``above`` say otherwise.
        above, below: bounds, exclusive.
        choices: the only values allowed.
    """

    minimum: float = -math.inf
    maximum: float = math.inf
    above: float = -math.inf
    below: float = math.inf
    choices: tuple[str, ...] = ()

    def complaint(self, value: Value) -> str | None:
        """What is wrong with ``value``, or None."""
        if self.choices:
            return None if value in self.choices else f"choose from {', '.join(self.choices)}"
        if isinstance(value, str):
            return _unstorable(value) if value else "must not be empty; is a variable unset?"
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        if isinstance(value, float) and not math.isfinite(value):
            return "must be a finite number"
        if isinstance(value, int) and value > LARGEST_INTEGER:
            return f"must be at most {LARGEST_INTEGER}"
        for holds, words in (
            (value >= self.minimum, f"must be at least {self.minimum:g}"),
            (value <= self.maximum, f"must be at most {self.maximum:g}"),
            (value > self.above, f"must be above {self.above:g}"),
            (value < self.below, f"must be below {self.below:g}"),
        ):
            if not holds:
                return words
        return None


def _unstorable(text: str) -> str | None:
    """What keeps ``text`` out of TOML files and checkpoints, or None."""
    if "\0" in text:
        return "must not hold a NUL character"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # A file name in another encoding, as Python stands it in.
        return "is not UTF-8; rename the file"
    return None


def option(
    section: str, default: Value, help: str, *, default_words: str = "", **limits: Any
) -> Any:
    """A field of :class:`Options`.

    Args:
        section: the heading of ``--help`` under which it stands.
        default: its value where nothing is given.
        help: what it does, in a sentence or two.
        default_words: how the default is written where the value itself would not say it: "none"
            for None and (), where nothing is given here.
        limits: fields of :class:`Limits`.
    """
    metadata = {
        "section": section,
        "help": help,
        "default_words": default_words or ("none" if default in (None, ()) else ""),
        "limits": Limits(**limits),
    }
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Options:
    """Options that are declared with :func:`option`, beside fields that are none."""

    @classmethod
    def from_mapping(cls, values: Mapping[str, Value], source: str) -> Self:
        """Checked options from plain values, such as those of a TOML file.

        Args:
            values: by name, with ``_`` or ``-``; those left out have their defaults.
            source: where they came from, for messages.

        Raises:
            UserError: an unknown name, a value of the wrong type or out of bounds.
        """
        known = {field.name: field for field in dataclasses.fields(cls)}
        options = {}
        for name, value in values.items():
            key = name.replace("-", "_")
            if key not in known:
                raise UserError(f"{source}: no option is called {name}; see train --help")
            options[key] = _typed(known[key], value, source)
        made = cls(**options)
        made.check(source)
        return made

    def check(self, source: str = "") -> None:
        """Raise :class:`UserError`, naming the option, unless every value is within its limits."""
        prefix = f"{source}: " if source else ""
        for field in option_fields(type(self)):
            value = getattr(self, field.name)
            for part in value if isinstance(value, tuple) else (value,):
                complaint = field.metadata["limits"].complaint(part) if part is not None else None
                if complaint:
                    shown = "''" if part == "" else part
                    raise UserError(f"{prefix}{flag(field.name)} {shown}: {complaint}")
        for complaint in self._contradictions():
            raise UserError(prefix + complaint)

    def _contradictions(self) -> Iterator[str]:
        """What values that are each within their limits say against each other, in a line each."""
        yield from ()


def option_fields(kind: type[Options]) -> list["dataclasses.Field[Any]"]:
    """The fields of ``kind`` that are options."""
    return [field for field in dataclasses.fields(kind) if field.metadata]


_data, _text, _network, _ngrams, _regularisation, _optimizer, _training = (
    functools.partial(option, section)
    for section in ("Data", "Text", "Network", "N-grams", "Regularisation", "Optimizer", "Training")
)


@dataclass(frozen=True)
class Config(Options):
    """The options of a training run. :meth:`check` says whether they make sense together.

    A value of None means "decided by the rest"; :meth:`resolved` decides it.
    """

    data: tuple[str, ...] = _data(
        ("mr",),
        "What to train on: mr (the movie reviews, fetched where TEXTCNN_DATA does not name their "
        "folder), a folder with a file, or a folder of documents, per label, LABEL=FILE or "
        "LABEL=FOLDER, or a CSV, TSV, JSON, Parquet, Excel or fastText file. May be "
        "gzip-compressed, and given several times.",
    )
    format: str = _data("auto", "How the files are written.", choices=("auto", *FORMATS))
    text_column: str = _data(
        "text",
        "Column or key that holds the sentence; several, as title+text, are put together; whole "
        "numbers count the columns of a file without a header.",
    )
    label_column: str = _data("label", "Column or key that holds the label.")
    header: bool | None = _data(
        None,
        "Whether the first row of a CSV or TSV file names its columns.",
        default_words="yes, unless columns are numbers",
    )
    delimiter: str | None = _data(
        None,
        "Character between the fields of a CSV or TSV file, or tab.",
        default_words="a comma, semicolon, tab or vertical bar, found out",
    )
    encoding: str = _data("utf-8", "Encoding of the files, such as cp1252; UTF-16 is found out.")
    skip_bad_rows: bool = _data(
        False,
        "Leave out rows without a label, without text or of another number of fields, and say how "
        "many.",
    )
    merge_labels: bool = _data(
        False,
        "Take labels that differ only in case, spaces, Unicode form or invisible characters for "
        "one, spelled as most of them are.",
    )
    multilabel: bool = _data(
        False, "A sentence may have several labels, or none; each is decided on its own."
    )
    label_separator: str = _data(
        "|", "What stands between the labels of a sentence in a column, with --multilabel."
    )
    dev_data: tuple[str, ...] = _data(
        (), "Sentences that choose the best epoch, given as --data is, instead of a share."
    )
    test_data: tuple[str, ...] = _data(
        (), "Sentences that are only scored, given as --data is, instead of a share."
    )
    dev_share: float = _data(
        0.1,
        "Share of the sentences that chooses the best epoch, where there is no --dev-data.",
        above=0,
        below=1,
    )
    test_share: float = _data(
        0.1,
        "Share of the sentences that is only scored, where there is no --test-data; 0 for none.",
        minimum=0,
        below=1,
    )

    tokenizer: str = _text(
        AUTO,
        "kim (English, as Kim's clean_str), unicode (any language), characters (each a token) or "
        "auto: kim unless it would drop a hundredth of the letters or the words, then unicode; "
        "custom is a function given in Python.",
        choices=(AUTO, *TOKENIZERS, CUSTOM),
    )
    max_tokens: int = _text(
        0, "Tokens of a sentence after which it is cut; 0 for never.", minimum=0
    )
    min_count: int = _text(1, "Words seen less often in training are unknown.", minimum=1)
    max_vocabulary: int = _text(0, "Most frequent words kept; 0 for all.", minimum=0)

    mode: str | None = _network(
        None,
        "rand, static, nonstatic or multichannel.",
        default_words="rand, or nonstatic with --vectors",
        choices=MODES,
    )
    vectors: str | None = _network(
        None,
        "Word vectors to start from: a file (word2vec, GloVe or fastText), a folder of model2vec, "
        "glove-6b-50d or glove-6b-100d (fetched), a gensim-downloader name, or train to make them "
        "from the training sentences.",
    )
    vectors_algorithm: str = _network(
        "word2vec", "What --vectors train uses.", choices=("word2vec", "fasttext")
    )
    vectors_text: str | None = _network(
        None,
        "Unlabelled text, a sentence a line, for --vectors train.",
        default_words="the training sentences",
    )
    embedding_dim: int = _network(
        100,
        "Numbers in a word vector; a vectors file decides it itself.",
        minimum=1,
        maximum=10_000,
    )
    filter_sizes: tuple[int, ...] = _network(
        (3, 4, 5), "Heights of the filters, in words.", minimum=1, maximum=100
    )
    num_filters: int = _network(100, "Feature maps of each height.", minimum=1, maximum=100_000)
    init_from: str | None = _network(
        None, "A run or a checkpoint to go on from, with other sentences, new words and new labels."
    )
    rehearse: tuple[str, ...] = _network(
        (),
        "With --init-from: sentences, given as --data is, that are learnt from too, so that the "
        "network forgets nothing.",
        default_words="its own data, where --data lacks one of its labels",
    )
    ensemble: int = _network(
        1,
        "Networks trained from different random numbers, whose logits are averaged.",
        minimum=1,
        maximum=100,
    )

    ngrams: int = _ngrams(
        2,
        "Words in the longest n-grams of the linear model that predicts beside the network; 0 for "
        "the network alone.",
        minimum=0,
        maximum=5,
    )
    subwords: int = _ngrams(
        6,
        "Characters in the longest parts of words, from 3, in the linear model; 0 for none.",
        minimum=0,
        maximum=20,
    )

    dropout: float = _regularisation(
        0.5, "Share of the pooled features dropped.", minimum=0, below=1
    )
    dropout_draw: str = _regularisation(
        "batch",
        "Whether what is dropped is drawn for each batch, whose steps then cost only what is "
        "kept, or for each sentence, as Kim did.",
        choices=("batch", "sentence"),
    )
    word_dropout: float = _regularisation(
        0.2, "Share of the words replaced by the unknown word.", minimum=0, below=1
    )
    l2: float = _regularisation(0.0, "Strength of the L2 penalty on the dense weights.", minimum=0)
    row_norm: float = _regularisation(
        3.0, "Limit on the norm of each class's dense weights; 0 for none.", minimum=0
    )

    optimizer: str = _optimizer(
        "adam", "adam, adadelta, or sgd with momentum.", choices=("adam", "adadelta", "sgd")
    )
    learning_rate: float | None = _optimizer(
        None, "Step size.", default_words="adam 0.001, adadelta 1, sgd 0.1", above=0
    )
    beta1: float = _optimizer(0.9, "Adam's decay of the mean.", minimum=0, below=1)
    beta2: float = _optimizer(0.999, "Adam's decay of the variance.", minimum=0, below=1)
    rho: float = _optimizer(0.95, "Adadelta's decay.", above=0, below=1)
    momentum: float = _optimizer(0.9, "SGD's momentum.", minimum=0, below=1)
    epsilon: float | None = _optimizer(
        None,
        "Keeps Adam's and Adadelta's divisions finite.",
        default_words="adam 1e-08, adadelta 1e-06",
        minimum=1e-30,  # The squares that it is beside have 32 bits.
    )
    clip_norm: float = _optimizer(
        0.0, "Limit on the norm of all gradients together; 0 for none.", minimum=0
    )

    batch_size: int = _training(50, "Sentences a step.", minimum=1)
    epochs: int = _training(25, "Most passes over the training sentences.", minimum=1)
    patience: int = _training(
        3, "Stop after this many dev evaluations without a better one; 0 for never.", minimum=0
    )
    best_by: str = _training(
        "loss",
        "What makes a dev evaluation the best: its loss, which is the steadier guide where dev "
        "sentences are few, its accuracy, or its F1, a mean over the labels.",
        choices=("loss", "accuracy", "macro-f1"),
    )
    class_weight: str = _training(
        "none",
        "balanced gives each label the same weight in the loss, however rare it is.",
        choices=("none", "balanced"),
    )
    averaging: float = _training(
        0.6,
        "Epochs that the average of the parameters, which is what predicts, looks back over; 0 for "
        "the last parameters.",
        minimum=0,
        maximum=1e6,
    )
    refit: bool = _training(
        True, "Once dev has chosen the epoch, train anew on train and dev together for as long."
    )
    evaluate_every: int = _training(
        0, "Steps between dev evaluations; 0 for once an epoch.", minimum=0
    )
    checkpoint_every: int = _training(
        0, "Steps between checkpoints; 0 for at each evaluation.", minimum=0
    )
    checkpoints_kept: int = _training(
        0, "Numbered checkpoints kept beside best.h5 and last.h5.", minimum=0
    )
    seed: int = _training(
        0, "Decides the split and, unless --network-seed does, the network.", minimum=0
    )
    network_seed: int | None = _training(
        None,
        "Decides the first parameters, the order and what is dropped.",
        default_words="the seed",
        minimum=0,
    )

    def _contradictions(self) -> Iterator[str]:
        if not self.data or not self.filter_sizes:
            yield "--data and --filter-sizes need at least one value"
        if len(set(self.filter_sizes)) != len(self.filter_sizes):
            yield "--filter-sizes: each height once"
        if self.text_column == self.label_column:
            yield f"--text-column and --label-column are both {self.text_column!r}"
        if len(self.field_delimiter or ",") != 1 or self.field_delimiter in ('"', "\r", "\n", " "):
            yield f"--delimiter {self.delimiter!r}: give one character such as ';' or '|', or tab"
        if self.multilabel and not self.label_separator.strip():
            yield "--label-separator: white space cannot part labels"
        if self.dev_share + self.test_share >= 1:
            yield "--dev-share and --test-share leave nothing to train on"
        if self.init_from is None:
            if self.vectors is None and self.mode not in (None, "rand"):
                yield f"--mode {self.mode} needs --vectors"
            if self.vectors is not None and self.mode == "rand":
                yield "--mode rand makes no use of --vectors; leave one out"
            if self.rehearse:
                yield "--rehearse is for --init-from"
        if self.vectors_text is not None and self.vectors != "train":
            yield "--vectors-text is for --vectors train"

    def resolved(self) -> "Config":
        """The same configuration with every None that depends on other options decided."""
        rates = {"adam": 1e-3, "adadelta": 1.0, "sgd": 0.1}
        epsilons = {"adam": 1e-8, "adadelta": 1e-6, "sgd": None}
        return dataclasses.replace(
            self,
            mode=self.mode or ("nonstatic" if self.vectors else "rand"),
            learning_rate=self.learning_rate or rates[self.optimizer],
            epsilon=self.epsilon or epsilons[self.optimizer],
            network_seed=self.seed if self.network_seed is None else self.network_seed,
        )

    @property
    def field_delimiter(self) -> str | None:
        """The character that ``--delimiter`` names, of which a tab is hard to type."""
        return "\t" if self.delimiter in ("tab", r"\t") else self.delimiter

    @property
    def files(self) -> tuple[str, ...]:
        """What names the sentences, of every part, each once."""
        return tuple(dict.fromkeys(self.data + self.dev_data + self.test_data + self.rehearse))

    def as_dict(self) -> dict[str, Value]:
        """The values by option name; those that are None are left out."""
        items = dataclasses.asdict(self).items()
        return {name: value for name, value in items if value is not None}


def flag(name: str) -> str:
    """The command-line spelling of an option: ``batch_size`` is ``--batch-size``."""
    return "--" + name.replace("_", "-")


def command_words(name: str, value: Value) -> Iterator[str]:
    """The words of a command line that give an option this value."""
    if isinstance(value, bool):
        yield flag(name if value else f"no_{name}")
    elif isinstance(value, tuple) and value and isinstance(value[0], str):
        for one in value:  # An option that is given several times.
            yield from (flag(name), one)
    else:
        yield flag(name)
        yield ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


@functools.cache  # Python finds the types of all options anew for each.
def value_type(field: "dataclasses.Field[Any]") -> tuple[type, bool]:
    """The type of one value of an option, and whether it takes several: ``(int, True)``."""
    # What it was declared with; to have every hint evaluated takes longer than to read a file.
    hint: Any = field.type
    if isinstance(hint, types.UnionType):
        hint = next(part for part in typing.get_args(hint) if part is not type(None))
    if typing.get_origin(hint) is tuple:
        return typing.get_args(hint)[0], True
    return hint, False


def _typed(field: "dataclasses.Field[Any]", value: Value, source: str) -> Value:
    """``value`` as the option's type, from what TOML or a checkpoint holds."""
    kind, several = value_type(field)
    if several:
        parts = value if isinstance(value, list | tuple) else [value]
        return tuple(_single(field.name, kind, part, source) for part in parts)
    return _single(field.name, kind, value, source)


_WANTED = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def _single(name: str, kind: type, value: Value, source: str) -> Value:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise UserError(f"{source}: {name} is too large") from None
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        wanted = _WANTED[kind]
        raise UserError(f"{source}: {name} must be {wanted}, not {value!r}")
    return value


def read_toml(path: Path) -> dict[str, Value]:
    """The options a TOML file sets.

    Raises:
        UserError: the file cannot be read or is not TOML.
    """
    try:
        return read_back.read_toml(path)
    except OSError as error:
        raise UserError(f"--config {path}: {error.strerror}") from error
    except ValueError as error:
        raise UserError(f"--config {path}: not TOML: {error}") from error


def write_toml(path: Path, config: Config) -> None:
    """Write every option that is set, so that ``--config`` repeats the run."""
    lines = [f"{name} = {_toml(value)}\n" for name, value in config.as_dict().items()]
    replace_text(path, "".join(lines))


def _toml(value: Value) -> str:
    """A value as TOML writes it: for these types that is JSON, but for one control character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
