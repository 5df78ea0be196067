"""``textcnn serve``."""

import contextlib
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from textcnn.commands.arguments.checkpoint import checkpoint_argument, chosen_checkpoint
from textcnn.commands.arguments.options import SectionedCommand
from textcnn.commands.http.answerer import Answerer, Limits
from textcnn.commands.screen.display import say
from textcnn.inference.model_file import ModelFile
from textcnn.support.errors import RunError, UserError

BACKLOG = 2048
"""Connections that wait to be accepted."""


def _limit(name: str, field: str, kind: Any, unit: str, words: str) -> Callable[[Any], Any]:
    """Decorate a command with an option for a field of :class:`Limits`."""
    usual = getattr(Limits, field)
    return click.option(
        name, field, type=kind, default=usual, show_default=True, metavar=unit, help=words
    )


@click.command("serve", cls=SectionedCommand)
@checkpoint_argument
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; 0.0.0.0 for all of this machine's.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port to listen on; 0 for any that is free.",
)
@_limit("--max-body", "body", click.IntRange(1), "BYTES", "Largest body of a request.")
@_limit("--max-batch", "batch", click.IntRange(1), "TEXTS", "Most texts in a request.")
@_limit("--max-length", "length", click.IntRange(1), "CHARACTERS", "Longest text.")
@_limit("--max-clients", "clients", click.IntRange(1), "N", "Most connections at a time.")
@_limit(
    "--timeout",
    "seconds",
    click.FloatRange(0, min_open=True),
    "SECONDS",
    "Longest that a client may take to send or to read, and an answer to be made.",
)
def command(checkpoint: Path | None, host: str, port: int, **options: Any) -> None:
    """Answer over HTTP with the model of CHECKPOINT, until it is stopped.

    POST /classify and /explain take {"text": "a fine film"}; /classify also takes a list of texts.
    GET / is a page to type in, /health says which model answers, /metrics is for Prometheus. A
    file that replaces the checkpoint is read while the old model goes on answering.
    """
    try:
        import uvicorn

        from textcnn.commands.http.application import Service
        from textcnn.commands.http.protocol import Protocol
    except ImportError as error:
        raise UserError(
            "serve needs Starlette and uvicorn: pip install 'textcnn[serve]'"
        ) from error
    limits = Limits(**options)
    path = chosen_checkpoint(checkpoint)
    model = ModelFile(path, lambda found: Answerer(found, limits), say)
    listener = _listening(host, port)
    config = uvicorn.Config(
        Service(model, limits).application(),
        http=type("Limited", (Protocol,), {"clients": limits.clients}),
        ws="none",
        lifespan="on",
        loop="asyncio",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_keep_alive=limits.seconds,  # type: ignore[arg-type]  # it is only slept
        timeout_graceful_shutdown=int(2 * limits.seconds) + 1,
    )
    # uvicorn ends by raising what stopped it once more; stopping is no fault here.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    shown = f"[{host}]" if ":" in host else host
    say(f"{path} answers at http://{shown}:{listener.getsockname()[1]}; stop with Ctrl+C")
    uvicorn.Server(config).run(sockets=[listener])
    say("stopped")


def _listening(host: str, port: int) -> socket.socket:
    try:
        # With its protocol: only of what it knows to be TCP, asyncio sends small answers at once.
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with contextlib.ExitStack() as closing:
            listener = closing.enter_context(socket.socket(family, kind, proto))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(BACKLOG)  # Who reads where it is may call at once.
            closing.pop_all()  # Only what cannot listen is closed.
    except OSError as error:
        raise RunError(f"--host {host} --port {port}: {error.strerror}") from error
    return listener
