"""Asks for the rejected rows of a file as a file that can be mended and sent back; a niced process writes it."""

from dataclasses import asdict, dataclass
from pathlib import Path

from engine.base import workers
from storage.records.goals import FileFormat

_WORKER = "engine.files.mending_worker"


@dataclass(frozen=True)
class Told:
    """What is known of the rejected rows.

    rejects: a file with one JSON object a line, ascending by "line", with "column_name", "value", "reason",
    "suggestion" and "raw". messages: the words for each reason.
    """

    rejects: Path
    messages: dict[str, str]
    trace_id: str


def write_in_worker(source: Path, target: Path, file_format: FileFormat, told: Told) -> int:
    """Write target (gzip) in a niced process and return how many rows it has.

    Raises:
        MendData: The file cannot be read at all.
        OutOfSpace: The disk is full.
    """
    arguments = {
        "source": str(source),
        "target": str(target),
        "format": asdict(file_format),
        "rejects": str(told.rejects),
        "messages": told.messages,
        "trace_id": told.trace_id,
    }
    rows: int = workers.call(_WORKER, arguments, lambda _: None, lambda: False)["rows"]
    return rows
