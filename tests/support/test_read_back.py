"""What is read back is what can have been written, whatever is in the file."""

import contextlib
from pathlib import Path

import pytest

from tests.support.spoilt import mutants
from textcnn.support import read_back

JSON_FAULTS = {
    "nothing": "",
    "half an object": '{"a": 1',
    "two values": "1 2",
    "no number": "[NaN]",
    "infinity": "[-Infinity]",
    "a number too large": "[1e999]",
    "a whole number too long": "1" * 65,
    "a whole number that Python refuses": "1" * 10_000,
    "a name twice": '{"a": 1, "a": 2}',
    "half a letter": r'["\ud800"]',
    "half a letter in a name": r'{"\ud800": 1}',
    "levels": "[" * 33 + "]" * 33,
    "many levels": "[" * 100_000,
    "many levels of objects": '{"a":' * 100_000,
}


@pytest.mark.parametrize("fault", JSON_FAULTS)
def test_json_that_is_refused(fault):
    with pytest.raises(ValueError, match=r"."):
        read_back.parse_json(JSON_FAULTS[fault])


def test_json_that_is_read():
    for text, value in (
        ("[" * 32 + "]" * 32, None),
        ('{"a": [1, 2.5, null, true, "\\u00e9"]}', {"a": [1, 2.5, None, True, "é"]}),
        ("-" + "9" * 39, -(10**39 - 1)),
    ):
        read = read_back.parse_json(text)
        assert value is None or read == value
    assert read_back.parse_json(b'"\xc3\xa9"') == "é"
    with pytest.raises(ValueError, match="decode"):
        read_back.parse_json(b'"\xe9"')


def test_files_that_are_refused(tmp_path):
    path = tmp_path / "a"
    for read in (read_back.read_json, read_back.read_toml):
        path.write_text(" " * 101)
        with pytest.raises(ValueError, match="longer than 100 bytes"):
            read(path, 100)
        for other in (tmp_path / "none", tmp_path, Path("/dev/zero")):
            with pytest.raises(OSError, match=r"No such|directory|regular"):
                read(other)


@pytest.mark.parametrize(
    "text", ["a = [" * 40, "a = inf_", "a = 1e999", "a = 1\na = 2", "a = " + "[" * 5000, "\0"]
)
def test_toml_that_is_refused(tmp_path, text):
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(ValueError, match=r"."):
        read_back.read_toml(tmp_path / "a.toml")


@pytest.mark.parametrize("value", [True, "1", None, [], 10**400, -(10**400)])
def test_what_is_no_number(value):
    for check in (read_back.number, read_back.share, read_back.whole_number):
        with pytest.raises(ValueError, match=r"is not|too large"):
            check(value)


def test_numbers_within_their_limits():
    assert read_back.number(3) == 3.0
    assert read_back.share(1) == 1.0
    assert read_back.whole_number(3, 3, 3) == 3
    for check in (
        lambda: read_back.share(1.1),
        lambda: read_back.whole_number(2.0),
        lambda: read_back.whole_number(2, 3),
        lambda: read_back.whole_number(2**63),
    ):
        with pytest.raises(ValueError, match="is not"):
            check()


def try_mutants(count: int, seed: int) -> None:
    """Whatever becomes of a file, it is read or raises ValueError, and nothing else."""
    text = b'{"rows": [1, 2, 3], "baselines": {"a": [0.5, 1e-3]}, "name": "x\\u00e9", "on": true}'
    for spoilt in mutants(text, count, seed):
        with contextlib.suppress(ValueError):
            read_back.parse_json(spoilt)


def test_mutants_are_read_or_refused():
    try_mutants(400, 0)


@pytest.mark.torture
def test_many_mutants_are_read_or_refused():
    try_mutants(100_000, 1)


def test_a_key_that_stands_twice_among_very_many_is_named_at_once():
    members = ",".join(f'"{number}":0' for number in range(100_000))
    with pytest.raises(ValueError, match="the key 'last' stands twice"):
        read_back.parse_json(f'{{{members},"last":0,"last":0}}')
