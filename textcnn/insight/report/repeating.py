"""A run as the command that repeats it."""

from collections.abc import Iterator

from textcnn.insight.run_list import changed_options
from textcnn.recipe.config import Config, Value, flag


def train_words(config: Config) -> list[str]:
    """The words after ``textcnn`` that train with these options, defaults left out."""
    options = {} if config.data == Config().data else {"data": config.data}
    options |= changed_options(config)
    return ["train", *(word for name in options for word in _option_words(name, options[name]))]


def _option_words(name: str, value: Value) -> Iterator[str]:
    if isinstance(value, bool):
        yield flag(name if value else f"no_{name}")
    elif isinstance(value, tuple) and value and isinstance(value[0], str):
        for one in value:  # An option that is given several times.
            yield from (flag(name), one)
    else:
        yield flag(name)
        yield ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
