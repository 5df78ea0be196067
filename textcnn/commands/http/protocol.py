"""HTTP/1.1 as uvicorn speaks it with h11, but with no patience for who stands still.

uvicorn waits without end for the head of a first request and for a client that does not read; a few
hundred such connections would keep all others out.
"""

import asyncio
import json
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


def error_body(message: str) -> bytes:
    """An error as all of them are told."""
    return json.dumps({"error": message}).encode() + b"\n"


def last_headers(body: bytes) -> list[tuple[bytes, bytes]]:
    """Of a connection's last response."""
    return [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]


async def too_many(scope: Any, receive: Any, send: Any) -> None:
    """The application of a connection that is one too many."""
    body = error_body("too many connections; try again")
    headers = [*last_headers(body), (b"retry-after", b"1")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Protocol(H11Protocol):
    """One connection.

    A request's head must have come ``timeout_keep_alive`` seconds after the connection or the last
    response, and what has been sent must be read within as many.
    """

    clients = 0
    """Connections at a time; a class of its own sets it."""

    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head."""
        super().connection_made(transport)
        if len(self.connections) > self.clients:
            self.app = too_many
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def data_received(self, data: bytes) -> None:
        """Go on waiting for the head until it is whole: bytes alone are no progress."""
        waiting, self.timeout_keep_alive_task = self.timeout_keep_alive_task, None
        super().data_received(data)
        if waiting is not None:
            if self.cycle is None or self.cycle.response_complete:
                self.timeout_keep_alive_task = waiting
            else:
                waiting.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        self.resume_writing()

    def pause_writing(self) -> None:
        """Give the client a while to read."""
        super().pause_writing()
        self._unread = self.loop.call_later(self.timeout_keep_alive, self.transport.abort)

    def resume_writing(self) -> None:
        """It has read."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def send_400_response(self, msg: str) -> None:
        """Say in JSON, as of all other errors, that this is no HTTP."""
        body = error_body("no valid HTTP request")
        head = h11.Response(status_code=400, headers=last_headers(body))
        for event in (head, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
