"""An event file that is whole or not there."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from textcnn.support.errors import RunError
from textcnn.support.files import remove_unfinished, replacing


def replace_events(folder: Path, step: int, summaries: Iterable[Any]) -> None:
    """Make these summaries all that ``folder`` holds in its one event file.

    Raises:
        ImportError: tensorboardX is not installed.
        RunError: writing failed, for instance because the disk is full.
    """
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.record_writer import RecordWriter

    now = time.time()
    events = [Event(wall_time=now, file_version="brain.Event:2")]
    events += [Event(wall_time=now, step=step, summary=summary) for summary in summaries]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"writing {folder} failed: {error.strerror}") from error
    remove_unfinished(folder)
    # Of the usual name TensorBoard only needs "tfevents"; without the time, to replace the old one.
    with replacing(folder / "events.out.tfevents") as aside:
        writer = RecordWriter(str(aside))
        try:
            for event in events:
                writer.write(event.SerializeToString())
        finally:
            writer.close()
