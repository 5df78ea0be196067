"""The paths of ``textcnn serve``, as a Starlette application.

=================  ==========================================================================
``GET /``          the page that ``textcnn export --to html`` writes
``POST /classify``  labels and probabilities of one text or many
``POST /explain``  which words decided about one text
``GET /health``    which model answers
``GET /metrics``   what was done, for Prometheus
=================  ==========================================================================

Whatever takes long is done by threads, one a processor; the loop of events reads and writes, and
answers what takes less time than handing it over.
"""

import asyncio
import contextlib
import datetime
import json
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from textcnn import __version__
from textcnn.commands.http.answerer import Answerer, Limits, RefusedError
from textcnn.commands.http.metrics import Metrics
from textcnn.commands.http.protocol import error_body
from textcnn.inference.model_file import ModelFile
from textcnn.support.errors import UserError
from textcnn.support.threads import processors

JSON = "application/json"

PIECE_BYTES = 1 << 16
"""Bytes of a page sent at once."""

SMALL = 1 << 11
"""Bytes of a body that is answered at once: a few sentences."""

OVERSIZE_READ = 16
"""An oversized body is read to this many times its limit, so that its sender hears why not."""

LOOK_EVERY = 1.0
"""Seconds from one look at the model's file to the next."""

Result = TypeVar("Result")


class Service:
    """Answers requests with the newest model of a file.

    Args:
        model: the file.
        limits: what a client may ask for.
    """

    def __init__(self, model: ModelFile[Answerer], limits: Limits):
        self._model, self._limits = model, limits
        self._metrics = Metrics()
        self._threads = ThreadPoolExecutor(processors())

    def application(self) -> ASGIApp:
        """The application, to be run by an ASGI server."""
        routes = [
            Route("/", self._page, methods=["GET"]),
            Route("/classify", partial(self._answered, Answerer.classify, SMALL), methods=["POST"]),
            Route("/explain", partial(self._answered, Answerer.explain, -1), methods=["POST"]),
            Route("/health", self._health, methods=["GET"]),
            Route("/metrics", self._told_metrics, methods=["GET"]),
        ]
        faults = (RefusedError, UserError, Exception)
        handlers: Any = {HTTPException: _wrong_path, **dict.fromkeys(faults, _fault)}
        paths = {route.path for route in routes}
        counted = Starlette(
            routes=routes, exception_handlers=handlers, lifespan=lambda _: self._looking()
        )
        counted.router.redirect_slashes = False

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await counted(scope, receive, send)
                return
            path = scope["path"] if scope["path"] in paths else "other"
            status, began = 500, time.perf_counter()

            async def noted(message: Message) -> None:
                nonlocal status
                status = message.get("status", status)
                await send(message)

            self._metrics.in_progress += 1
            try:
                await counted(scope, receive, noted)
            finally:
                self._metrics.in_progress -= 1
                self._metrics.note(path, status, time.perf_counter() - began)

        return application

    @contextlib.asynccontextmanager
    async def _looking(self) -> AsyncIterator[None]:
        """Look at the model's file as long as there is a server."""

        async def look() -> None:
            while True:
                await asyncio.sleep(LOOK_EVERY)
                await asyncio.to_thread(self._model.look)

        task = asyncio.create_task(look())
        try:
            yield
        finally:
            task.cancel()
            self._threads.shutdown(cancel_futures=True)

    async def _answered(
        self, answer: Callable[[Answerer, bytes], tuple[bytes, int]], at_once: int, request: Request
    ) -> Response:
        """What the model answers to a body: at once where that is of no more bytes than so many."""
        model, body = self._model.model, await self._body(request)
        if len(body) <= at_once:
            found, texts = answer(model, body)
        else:
            found, texts = await self._in_thread(lambda: answer(model, body))
        self._metrics.texts += texts
        return Response(found, media_type=JSON)

    async def _page(self, request: Request) -> Response:
        model = self._model.model
        try:
            page = await self._in_thread(lambda: model.page)
        except UserError as error:
            raise RefusedError(404, f"there is no page of this model: {error}") from error

        async def pieces() -> AsyncIterator[bytes]:  # So that no slow reader keeps a copy of it.
            for start in range(0, len(page), PIECE_BYTES):
                yield page[start : start + PIECE_BYTES]

        headers = {"content-length": str(len(page))}
        return StreamingResponse(pieces(), media_type="text/html", headers=headers)

    async def _health(self, request: Request) -> Response:
        model = self._model
        since = datetime.datetime.fromtimestamp(model.loaded, datetime.UTC)
        found = {
            "status": "ok",
            "version": __version__,
            "model": model.path.name,
            "loaded": since.isoformat(timespec="seconds"),
            "labels": model.model.checkpoint.labels,
        }
        if model.fault:
            found["fault"] = model.fault
        return Response(json.dumps(found) + "\n", media_type=JSON)

    async def _told_metrics(self, request: Request) -> Response:
        text = self._metrics.text(self._model)
        return Response(text, media_type="text/plain; version=0.0.4")

    async def _body(self, request: Request) -> bytes:
        limit = self._limits.body
        encoding = request.headers.get("content-encoding", "identity")
        if encoding != "identity":
            raise RefusedError(415, f"the body is encoded ({encoding[:20]}); send it as it is")
        refusal = RefusedError(413, f"the body is too large; send at most {limit:,} bytes")
        declared = request.headers.get("content-length", "0")
        if int(declared) > OVERSIZE_READ * limit:
            raise refusal
        body, size = bytearray(), 0
        try:
            async with asyncio.timeout(self._limits.seconds):
                async for piece in request.stream():
                    size += len(piece)
                    if size <= limit:
                        body += piece
                    elif size > OVERSIZE_READ * limit:
                        break
        except TimeoutError as error:
            raise RefusedError(408, f"no whole body in {self._limits.seconds:g} seconds") from error
        except ClientDisconnect as error:
            raise RefusedError(400, "the body broke off") from error
        if size > limit:
            raise refusal
        return bytes(body)

    async def _in_thread(self, function: Callable[[], Result]) -> Result:
        """Its result; what still waits for a thread when time is over is never begun."""
        waiting = self._threads.submit(function)
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await asyncio.wrap_future(waiting)
        except TimeoutError as error:
            message = f"no answer in {self._limits.seconds:g} seconds; send less, or try again"
            raise RefusedError(503, message) from error


async def _fault(request: Request, error: Exception) -> Response:
    """A refusal, a model whose numbers give no answer, or a fault of ours, which uvicorn prints."""
    status = error.status if isinstance(error, RefusedError) else 500
    told = isinstance(error, RefusedError | UserError)
    # After these the rest of a body may still be coming; it is no request.
    headers = {"connection": "close"} if status in (408, 413, 415) else None
    return _error(status, str(error) if told else "a fault of the server", headers)


async def _wrong_path(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.url.path
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        return _error(405, f"{request.method} is not for {path}; use {allowed}", error.headers)
    known = "POST /classify and /explain, GET /, /health and /metrics"
    return _error(error.status_code, f"there is no {path}; there are {known}")


def _error(status: int, message: str, headers: Any = None) -> Response:
    return Response(error_body(message), status, headers, JSON)
