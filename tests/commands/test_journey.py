"""A ticket system's table, as it is, from nothing to a labelled table, and a label added later.

Every command is one that ``--help`` or the command before it prints; no file is made by hand.
"""

import csv
import random
import shlex
from pathlib import Path

import pytest

KINDS = {
    "Billing": (180, ["invoice", "refund", "payment", "credit card", "receipt", "VAT"]),
    "Shipping": (120, ["parcel", "delivery", "tracking number", "courier", "customs"]),
    "Login": (90, ["password", "two-factor code", "sign in", "locked account", "reset link"]),
    "Bug report": (70, ["crash", "error message", "freeze", "blank page", "stack trace"]),
    "Feature request": (50, ["dark mode", "export button", "shortcut", "integration"]),
    "Returns": (40, ["return label", "exchange", "wrong size", "damaged item"]),
    "Sales": (30, ["quote", "discount", "enterprise plan", "demo", "pricing"]),
    "Legal": (20, ["data deletion", "contract", "privacy notice", "subpoena"]),
}
NEW = ["firewall", "VPN tunnel", "SSL certificate", "security audit", "phishing mail"]
HEADER = ["Ticket No", "Date", "Message", "Queue", "Priority"]
SMALL = ["--num-filters", "8", "--embedding-dim", "16", "--epochs", "4", "--learning-rate", "0.01"]


def message(choose: random.Random, words: list[str], number: int) -> str:
    first, second = choose.sample(words, 2)
    text = (
        f"Hello,\nthere is a problem with the {first} and the {second} of order {number}.\nThanks"
    )
    if number % 3 == 0:
        text = f"<p>{text}</p>".replace("\n", "<br/>") + "&nbsp;"
    return f'It says "{first}"; then: {text}' if number % 10 == 0 else text


def written(label: str, number: int) -> str:
    """How different people write a label; some leave it out."""
    ways = {3: "", 5: label.lower(), 7: f"{label} ", 11: f"{label}\u200b", 13: label.upper()}
    return ways.get(number % 28, label)


def write(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8-sig") as stream:
        csv.writer(stream, delimiter=";").writerows([HEADER, *rows])


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        return list(csv.DictReader(stream, delimiter=";"))


@pytest.fixture
def tables(tmp_path) -> None:
    choose, rows = random.Random(7), []
    for label, (count, words) in KINDS.items():
        for number in range(count):
            cells = [message(choose, words, number), written(label, number)]
            rows.append([str(10_000 + len(rows)), "2026-05-01", *cells, ""])
    choose.shuffle(rows)
    write(tmp_path / "tickets.csv", rows)
    new = [message(choose, NEW, number) for number in range(60)]
    write(tmp_path / "security.csv", [["1", "2026-06-01", text, "Security", ""] for text in new])


def printed_command(out: str) -> list[str]:
    """What ``next:`` says, without the program's name."""
    line = next(line for line in out.splitlines() if line.startswith("next: "))
    words = shlex.split(line.removeprefix("next: "))
    return words[words.index("textcnn") + 1 :]


@pytest.mark.slow
@pytest.mark.usefixtures("tables")
def test_three_commands_and_one_more_for_a_new_label(call, tmp_path):
    look = ["data", "tickets.csv", "--text-column", "message", "--label-column", "queue"]
    code, out, err = call(*look)
    assert code == 0
    assert "fields are parted by semicolons" in err
    train = printed_command(out)
    assert train[-2:] == ["--skip-bad-rows", "--merge-labels"]
    code, out, err = call(*train, "--out", "runs/tickets", *SMALL)
    assert code == 0, err
    assert "left out 25 of 600 rows (25: the label is missing)" in err
    assert "8 labels" in err
    *classify, arrow, target = printed_command(out)
    assert (arrow, target) == (">", "labelled.csv")
    code, out, err = call(*classify)
    assert code == 0, err
    (tmp_path / target).write_text(out, "utf-8")
    given, classified = read(tmp_path / "tickets.csv"), read(tmp_path / target)
    assert list(classified[0]) == [*HEADER, "label", "probability"]
    assert [{name: row[name] for name in HEADER} for row in classified] == given
    right = [row["label"].lower() == row["Queue"].strip("\u200b ").lower() for row in classified]
    assert sum(right) > 0.85 * len(right)
    assert {row["label"] for row in classified} == set(KINDS)

    # A label is added: the table of the new tickets alone, and nothing else, is named.
    words = ["--data", "security.csv", "--init-from", "runs/tickets", "--out", "runs/more"]
    code, out, err = call("train", *words, *SMALL[4:])
    assert code == 0, err
    assert "its own data is learnt from too, tickets.csv" in err
    assert "9 labels" in err
    assert "with labels known before (Billing, Bug report, Feature request, 5 more)" in out
    assert "with new labels (Security)" in out
    code, out, err = call("classify", "runs/more", "--input", "tickets.csv")
    assert code == 0, err
    (tmp_path / target).write_text(out, "utf-8")
    predictions = [row["label"] for row in read(tmp_path / target)]
    assert len(predictions) == 600
    assert predictions.count("Security") < 12
    code, out, _ = call("classify", "runs/more", "--input", "security.csv")
    assert out.count(";Security;") > 45
