"""``textcnn serve``, asked by real clients on 127.0.0.1."""

import contextlib
import functools
import gzip
import json
import os
import re
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from benchmarks.serving import Served, ask, expected_answers, served
from tests.support import quick_looks
from tests.support.hostile_checkpoints import make
from tests.support.processes import Started
from tests.support.small_run import labelled_sentences, options_text
from textcnn.commands import main
from textcnn.inference.export.model import model_of
from textcnn.inference.export.page import packed_for, page_text
from textcnn.training.checkpoint import load_checkpoint

pytest.importorskip("uvicorn", reason="needs the extra serve")
pytest.importorskip("starlette", reason="needs the extra serve")

LIMITS = (
    *("--max-body", "20000", "--max-batch", "10", "--max-length", "500"),
    *("--max-clients", "40", "--timeout", "2"),
)


def begin(words: Sequence[str], log: BinaryIO) -> Started:
    number = log.fileno()
    return Started(*words, program=quick_looks.__name__, stdout=number, stderr=number)


start = functools.partial(served, begin=begin)
"""Starts a server for one ``with``."""


@pytest.fixture(scope="module")
def server(trained_run: Path) -> Iterator[Served]:
    """One with narrow limits, for many tests."""
    with start(trained_run, *LIMITS) as running:
        yield running
        assert "Traceback" not in running.log.read_text("utf-8")


def exchange(server: Served, *sent: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes, read until the server closes: status, headers and body of the first response.

    The status is 0 where it closes without one.
    """
    got = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        with contextlib.suppress(OSError):  # It may have been refused before it was all sent.
            for data in sent:
                connection.sendall(data)
        with contextlib.suppress(ConnectionResetError):
            while data := connection.recv(1 << 16):
                got += data
    if not got:
        return 0, {}, b""
    head, _, body = got.partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    pairs = (field.split(": ", 1) for field in fields)
    return int(line.split()[1]), {name.lower(): value for name, value in pairs}, body


def request(server: Served, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    """The status and the body of one response."""
    head = (
        f"{'GET' if body is None else 'POST'} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    )
    head += f"Content-Length: {len(body or b'')}\r\n\r\n"
    status, headers, got = exchange(server, head.encode() + (body or b""))
    assert int(headers["content-length"]) == len(got)
    return status, got


def posted(server: Served, asked: object, path: str = "/classify") -> Any:
    """What is answered to an object, which must be answered."""
    status, got = request(server, path, json.dumps(asked).encode())
    assert status == 200, got
    return json.loads(got)


def refusal(status_and_body: tuple[int, bytes]) -> tuple[int, str]:
    """The status and the message of an error, which is JSON."""
    status, body = status_and_body
    answer = json.loads(body)
    assert list(answer) == ["error"]
    return status, answer["error"]


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    over = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < over
        time.sleep(0.02)


TEXTS = ["a lovely film", "dull\ttab \n line \u2028 \\", "", "é 🎬 ü"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, ()),
        ({"proba": True}, ("--proba",)),
        ({"top_k": 2, "threshold": 0.2}, ("--top-k", 2, "--threshold", 0.2)),
        ({"threshold": {"good": 1}}, ("--threshold", "good=1")),
    ],
)
def test_the_answers_are_those_of_classify(server, call, trained_run, asked, words):
    _, out, _ = call("classify", "--checkpoint", trained_run, "--format", "json", *words, *TEXTS)
    lines = [line + "\n" for line in out.split("\n")[:-1]]
    assert len(lines) == len(TEXTS)
    for text, line in zip(TEXTS, lines, strict=True):
        status, got = request(server, "/classify", json.dumps({"text": text, **asked}).encode())
        assert (status, got) == (200, line.encode())
    status, got = request(server, "/classify", json.dumps({"text": TEXTS, **asked}).encode())
    assert (status, got) == (200, f"[{out[:-1].replace(chr(10), ',' + chr(10))}]\n".encode())
    assert posted(server, {"text": []}) == []


def test_explain_is_that_of_the_command(server, call, trained_run):
    _, out, _ = call("explain", "--checkpoint", trained_run, "--json", TEXTS[0])
    status, got = request(server, "/explain", json.dumps({"text": TEXTS[0]}).encode())
    assert (status, got.decode()) == (200, out)


def test_the_page_is_the_exported_one(server, trained_run):
    model = load_checkpoint(trained_run / "checkpoints/best.h5")
    assert request(server, "/") == (200, page_text(packed_for(model_of(model))).encode())


def test_health_says_which_model_answers(server):
    status, got = request(server, "/health")
    found = json.loads(got)
    assert (status, found["status"], found["model"]) == (200, "ok", "best.h5")
    assert found["labels"] == ["bad", "good"]
    assert "fault" not in found


def metrics(server: Served) -> dict[str, float]:
    """Every sample; what is no sample or comment of the text format is an error."""
    status, got = request(server, "/metrics")
    assert status == 200
    samples = {}
    for line in got.decode().splitlines():
        if not line.startswith("#"):
            found = re.fullmatch(r'([a-z_]+(?:\{(?:[a-z]+="[^"]*",?)+\})?) (\S+)', line)
            assert found is not None, line
            samples[found[1]] = float(found[2])
        else:
            assert re.match(r"# (HELP|TYPE) textcnn_\w+ ", line)
    return samples


def test_metrics_count_what_was_asked(server):
    before = metrics(server)
    posted(server, {"text": TEXTS})
    posted(server, {"text": TEXTS[0]})
    request(server, "/nowhere")
    after = metrics(server)
    added = {name: after[name] - before.get(name, 0) for name in after}
    good = 'textcnn_requests_total{path="/classify",status="200"}'
    assert (added[good], added["textcnn_texts_total"]) == (2, 1 + len(TEXTS))
    assert added['textcnn_requests_total{path="other",status="404"}'] == 1
    assert added['textcnn_request_seconds_bucket{path="/classify",le="+Inf"}'] == 2
    assert added['textcnn_request_seconds_sum{path="/classify"}'] > 0
    assert after["textcnn_requests_in_progress"] == 1  # The one for the metrics.


BODY = {"text": "a film"}


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("/classify", b"{", 400, "not JSON"),
        ("/classify", b"", 400, "not JSON"),
        ("/classify", b"\xff\xfe\xfd", 400, "not JSON"),
        ("/classify", b"[" * 10_000, 400, "not JSON"),
        ("/classify", b"9" * 9_000, 400, "not JSON"),
        ("/classify", [], 400, 'no object with a "text"'),
        ("/classify", {"texts": ["a"]}, 400, 'no object with a "text"'),
        ("/classify", {"text": 3}, 400, "a text or a list of texts"),
        ("/classify", {"text": None}, 400, "a text or a list of texts"),
        ("/classify", {"text": ["a", 3]}, 400, "text 2 is int, not a text"),
        ("/classify", {"text": ["a", ["b"]]}, 400, "text 2 is list, not a text"),
        ("/classify", b'{"text": "\\udc80"}', 400, "half a character"),
        ("/classify", {**BODY, "probs": True}, 400, "'probs' is not known here; there are proba"),
        ("/classify", {**BODY, "proba": 1}, 400, '"proba" must be true or false'),
        ("/classify", {**BODY, "top_k": 0}, 400, '"top_k" must be'),
        ("/classify", {**BODY, "top_k": True}, 400, '"top_k" must be'),
        ("/classify", {**BODY, "threshold": 2}, 400, '"threshold" must be'),
        ("/classify", b'{"text": "a", "threshold": NaN}', 400, "NaN is not a number"),
        ("/classify", b'{"text": "a", "threshold": 1e999}', 400, "1e999 is too large"),
        ("/classify", b'{"text": "a", "text": "b"}', 400, "stands twice in an object"),
        ("/classify", b'{"text": "a", "\\ud800": 1}', 400, "half a character"),
        ("/classify", gzip.compress(b'{"text": "a"}', mtime=0), 400, "not JSON"),
        ("/classify", {**BODY, "threshold": ""}, 400, '"threshold" must be'),
        ("/classify", {**BODY, "threshold": {"good": "1"}}, 400, '"threshold" must be'),
        ("/classify", {**BODY, "threshold": {"great": 1}}, 400, "'great' is not a label"),
        ("/classify", {"text": ["a"] * 11}, 413, "11 texts; send at most 10"),
        ("/classify", {"text": ["a", "a" * 501]}, 413, "text 2 has 501 characters"),
        ("/classify", b" " * 20_001, 413, "too large; send at most 20,000 bytes"),
        ("/explain", {"text": ["a"]}, 400, "one text to be explained"),
        ("/explain", {"text": "a", "proba": True}, 400, "'proba' is not known here"),
        ("/explain", {"text": "a" * 501}, 413, "text 1 has 501 characters"),
        ("/classify", None, 405, "GET is not for /classify; use POST"),
        ("/", {}, 405, "POST is not for /; use"),
        ("/nowhere", None, 404, "there is no /nowhere; there are POST /classify"),
        ("/classify/", BODY, 404, "there is no /classify/"),
        ("/..%2f..%2fetc/passwd", None, 404, "there is no "),
    ],
)
def test_what_cannot_be_answered_is_refused(server, path, body, status, said):
    sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    found, message = refusal(request(server, path, sent))
    assert (found, said in message) == (status, True), message


def test_an_encoded_body_is_refused(server):
    body = gzip.compress(json.dumps(BODY).encode())
    head = (
        "POST /classify HTTP/1.1\r\nHost: x\r\nContent-Encoding: {}\r\nContent-Length: {}\r\n\r\n"
    )
    status, _, got = exchange(server, head.format("gzip", len(body)).encode() + body)
    assert refusal((status, got)) == (415, "the body is encoded (gzip); send it as it is")
    plain = head.format("identity", 13).replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
    assert exchange(server, plain.encode() + b'{"text": "a"}')[0] == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),  # TLS
        b"GET / HTTP/1.1\r\n\r\n",  # No Host.
        b"GET / SPDY/3\r\nHost: x\r\n\r\n",
        b"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nContent-Length: 8\r\n\r\n",
        b"POST /classify HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 50_000 + b"\r\n",
        "GET /é HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    ],
)
def test_what_is_no_http_is_refused(server, sent):
    status, _, body = exchange(server, sent)
    # Who is refused while still sending may see the connection end instead.
    if status or len(sent) < 1000:
        assert refusal((status, body))[0] == 400
    assert posted(server, BODY)["text"] == "a film"


CHUNKED = b"POST /classify HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_an_oversized_body_is_never_held(server):
    head = b"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
    # Read to its end, so that its sender reads the answer, but not kept.
    status, _, body = exchange(server, head % 300_000, bytes(300_000), b"x")
    assert refusal((status, body))[0] == 413
    # So much that it is not read at all.
    status, _, body = exchange(server, head % 10**15)
    assert refusal((status, body))[0] == 413
    # Without end, and without a length.
    before = server.memory()
    piece = b"10000\r\n" + bytes(1 << 16) + b"\r\n"
    status, _, body = exchange(server, CHUNKED, *[piece] * 1000)
    if status:
        assert refusal((status, body))[0] == 413
    assert server.memory() < before + 20
    assert posted(server, BODY)


def test_slow_clients_are_not_waited_for(server):
    """Of four kinds, all at once; meanwhile others are answered."""
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        connect = functools.partial(
            socket.create_connection, ("127.0.0.1", server.port), timeout=60
        )
        silent, head, body, idle = (stack.enter_context(connect()) for _ in range(4))
        body.sendall(b"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n")
        idle.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        got = b""
        while not got.endswith(b"}\n"):
            got += idle.recv(1 << 16)
        assert got.startswith(b"HTTP/1.1 200")
        ended: dict[str, bytes] = {}
        for connection in (silent, head, body, idle):
            connection.settimeout(0.01)
        while len(ended) < 4:
            assert time.monotonic() < began + 60
            for name, connection, drip in (
                ("silent", silent, b""),
                ("head", head, b"G"),
                ("body", body, b" "),
                ("idle", idle, b""),
            ):
                if name in ended:
                    continue
                # Read before it is written to: a drip that comes too late is answered by a reset.
                try:
                    ended[name] = connection.recv(1 << 16)
                except TimeoutError:
                    with contextlib.suppress(OSError):
                        connection.sendall(drip)
                except ConnectionError:
                    ended[name] = b""
            assert posted(server, BODY)
    assert ended["silent"] == ended["idle"] == b""
    assert b"408" in ended["body"].split(b"\r\n")[0]
    assert time.monotonic() - began > 1.5


def test_who_does_not_read_is_cut_off(server):
    page = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", server.port))
        connection.settimeout(0.05)
        left = b""

        def is_cut_off() -> bool:
            nonlocal left
            left = left or page * 100
            try:
                left = left[connection.send(left) :]
            except TimeoutError:
                return False
            except OSError:
                return True
            return False

        wait_for(is_cut_off)
    assert posted(server, BODY)


def test_more_clients_than_allowed_are_told_so(server):
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            connection = socket.create_connection(("127.0.0.1", server.port), timeout=60)
            stack.enter_context(connection)
        status, headers, body = exchange(server, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert refusal((status, body)) == (503, "too many connections; try again")
        assert headers["retry-after"] == "1"
    wait_for(lambda: exchange(server, b"GET /health HTTP/1.0\r\n\r\n")[0] == 200)


def test_many_clients_at_once(server, trained_run):
    expected = expected_answers(trained_run, labelled_sentences(100).texts)
    asked = ask(server.port, expected, clients=30, seconds=1.0)
    assert asked.wrong == []
    assert len(asked.seconds) >= 30


@pytest.mark.torture
@pytest.mark.slow
def test_two_hundred_clients_for_half_a_minute(trained_run):
    expected = expected_answers(trained_run, labelled_sentences(1000).texts)
    with start(trained_run) as running:
        ask(running.port, expected, clients=200, seconds=2)
        before = running.memory()
        asked = ask(running.port, expected, clients=200, seconds=30)
        assert asked.wrong == []
        assert len(asked.seconds) > 2 * 200
        assert running.memory("VmHWM") < before + 30
        print(f"{len(asked.seconds):,} requests, {before:.0f} to {running.memory():.0f} MB")


def test_a_file_that_is_replaced_is_read(trained_run, reviews, tmp_path):
    old = (trained_run / "checkpoints/best.h5").read_bytes()
    with pytest.raises(SystemExit):
        main(["train", "--data", str(reviews), "--out", str(tmp_path / "other"),
              *options_text(epochs=1)])  # fmt: skip
    new = (tmp_path / "other/checkpoints/best.h5").read_bytes()
    model, aside = tmp_path / "model.h5", tmp_path / "aside"

    def put(content: bytes) -> None:
        """Of the file as it is written, nothing is looked at."""
        aside.write_bytes(content)
        aside.replace(model)

    put(old)
    with start(model) as running:
        log = lambda: running.log.read_text("utf-8")  # noqa: E731
        probability = lambda: posted(running, BODY)["probability"]  # noqa: E731
        health = lambda: json.loads(request(running, "/health")[1])  # noqa: E731
        first = probability()
        put(new)
        wait_for(lambda: probability() != first)
        second = probability()
        assert log().count("was replaced") == 1

        # Half of a file, in the place of the whole one: the old model stays, and it is said once.
        put(old[: len(old) // 2])
        wait_for(lambda: "fault" in health())
        assert probability() == second
        time.sleep(10 * quick_looks.EVERY)
        assert log().count("the model read before goes on answering") == 1
        model.unlink()
        wait_for(lambda: "no such checkpoint" in health()["fault"].lower())
        assert probability() == second

        put(old)
        wait_for(lambda: probability() == first)
        assert "fault" not in health()
        found = metrics(running)
        assert found["textcnn_model_replaced_total"] == 2
        assert found["textcnn_model_refused_total"] == 2
        assert "Traceback" not in log()


def test_whatever_takes_the_place_of_the_file_the_old_model_answers(trained_run, tmp_path):
    original = trained_run / "checkpoints/best.h5"
    content = original.read_bytes()
    model, aside, forged = tmp_path / "model.h5", tmp_path / "aside", tmp_path / "forged"
    model.write_bytes(content)
    forged.mkdir()

    def hole() -> None:
        aside.write_bytes(content)
        os.truncate(aside, 2**42)

    kinds = {
        "a link to itself": lambda: aside.symlink_to(model.name),
        "a pipe": lambda: os.mkfifo(aside),
        "a device": lambda: aside.symlink_to("/dev/zero"),
        "a hole": hole,
        "a folder": lambda: aside.symlink_to(forged),
        "noise": lambda: aside.write_bytes(os.urandom(9999)),
        **{
            path.stem: functools.partial(shutil.copy, path, aside)
            for path in make(
                original, forged, "weights beyond all numbers", "labels of many digits"
            )
        },
    }
    with start(model) as running:
        answer = request(running, "/classify", json.dumps(BODY).encode())
        assert answer[0] == 200
        for number, (kind, put) in enumerate(kinds.items(), start=1):
            put()
            aside.replace(model)
            wait_for(
                lambda number=number: metrics(running)["textcnn_model_refused_total"] == number
            )
            assert "fault" in json.loads(request(running, "/health")[1]), kind
            assert request(running, "/classify", json.dumps(BODY).encode()) == answer, kind
        aside.write_bytes(content)
        aside.replace(model)
        wait_for(lambda: metrics(running)["textcnn_model_replaced_total"] == 1)
        # One line each, beside those of the start and of the last replacement.
        said = running.log.read_text("utf-8").splitlines()
        assert len(said) == 1 + len(kinds) + 1, said
        assert sum("goes on answering" in line for line in said) == len(kinds)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_lets_running_requests_end(trained_run, number):
    body = json.dumps(BODY).encode()
    with start(trained_run, "--timeout", "60") as running:
        head = b"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
        with socket.create_connection(("127.0.0.1", running.port), timeout=60) as connection:
            connection.sendall(head)
            wait_for(lambda: metrics(running)["textcnn_requests_in_progress"] == 2)
            running.process.send_signal(number)

            def takes_no_more() -> bool:
                try:
                    socket.create_connection(("127.0.0.1", running.port), timeout=1).close()
                except OSError:
                    return True
                return False

            wait_for(takes_no_more)
            connection.sendall(body)
            got = b""
            while data := connection.recv(1 << 16):
                got += data
        assert got.startswith(b"HTTP/1.1 200")
        assert json.loads(got.partition(b"\r\n\r\n")[2])["text"] == "a film"
        assert running.process.wait(60) == 0
        said = running.log.read_text("utf-8")
        assert said.endswith("stopped\n")
        assert len(said.splitlines()) == 2


def test_without_the_extra_one_line_says_what_to_install(call, trained_run, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    code, out, err = call("serve", trained_run)
    assert (code, out) == (2, "")
    assert err == "textcnn: serve needs Starlette and uvicorn: pip install 'textcnn[serve]'\n"


def test_a_port_that_is_taken_and_a_model_that_is_none_are_said(call, trained_run, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, err = call("serve", trained_run, "--port", port)
    assert code == 1
    assert err == f"textcnn: --host 127.0.0.1 --port {port}: Address already in use\n"
    shutil.copy(trained_run / "test.json", tmp_path / "model.h5")
    code, _, err = call("serve", tmp_path / "model.h5")
    assert (code, len(err.splitlines())) == (2, 1)
