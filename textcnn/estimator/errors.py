"""The core's complaints, put in the words of those who call it from Python."""

import contextlib
import re
from collections.abc import Iterator

from textcnn.support.errors import RunError, UserError

# What the command line has in the place of a parameter of the same name.
_RENAMED = {"data": "X, y", "seed": "random_state", "init_from": "warm_start"}

_FLAG = re.compile(r"--([a-z][a-z0-9]*(?:-[a-z0-9]+)*)")

_ADVICE = {
    "--data and --filter-sizes need": "filter_sizes needs",
    "; add new ones, or give --dev-data and --test-data": "; add new ones, or call partial_fit, "
    "which holds none out",
    " the network of --init-from has": " the network to go on from has",
    "--dev-share, --test-share: ": "--dev-share: ",
    "; the last checkpoint is kept": "",
}


class InputError(UserError, ValueError):
    """A parameter, or what was given to a method, cannot be used.

    It is a ValueError, as scikit-learn's own, and a :class:`UserError`, as the rest of this
    package's.
    """


@contextlib.contextmanager
def told_in_python() -> Iterator[None]:
    """Name parameters, not flags, in the errors of the core.

    Raises:
        InputError: in the place of a UserError.
        RunError: in other words.
    """
    try:
        yield
    except InputError:
        raise
    except UserError as error:
        raise InputError(in_python(str(error))) from error
    except RunError as error:
        raise RunError(in_python(str(error))) from error


def in_python(words: str) -> str:
    """A message that names ``--batch-size`` as one that names ``batch_size``."""
    for ours, theirs in _ADVICE.items():
        words = words.replace(ours, theirs)
    return _FLAG.sub(_parameter, words)


def _parameter(flag: re.Match[str]) -> str:
    name = flag[1].replace("-", "_")
    return _RENAMED.get(name, name)
