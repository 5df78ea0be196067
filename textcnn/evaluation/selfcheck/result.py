"""What came of a check."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """What a check found.

    Attributes:
        passed: whether all is as it should be.
        figures: the numbers behind that, in a line.
    """

    passed: bool
    figures: str


@dataclass(frozen=True)
class Finished:
    """A check that was made: what it looks at, what it found, how long it took."""

    name: str
    result: Result
    seconds: float


Check = Callable[[], Result]


def run_checks(checks: Mapping[str, Check]) -> Iterator[Finished]:
    """Make each check, and yield it as it finishes; one that cannot even run has failed."""
    for name, check in checks.items():
        start = time.perf_counter()
        try:
            result = check()
        except Exception as error:  # Whatever is broken, the remaining checks are to be made.
            reason = " ".join(str(error).split())
            result = Result(False, f"stopped by {type(error).__name__}: {reason}")
        yield Finished(name, result, time.perf_counter() - start)


def within(errors: Mapping[str, float], limit: float, kind: str) -> Result:
    """Whether all errors are small; the largest is named.

    Args:
        errors: by what they are of.
        limit: the largest that is allowed.
        kind: what the errors are, such as "relative error".
    """
    # What is not a number compares as neither larger nor smaller, and is the worst of all.
    worst = max(errors, key=lambda name: (errors[name] != errors[name], errors[name]))
    figures = f"largest {kind} {errors[worst]:.1e} ({worst})"
    passed = errors[worst] <= limit
    return Result(passed, figures if passed else f"{figures}; at most {limit:.0e} is right")
