"""Has files read and previewed in a worker process of their own, so that pages stay quick."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from engine.base import limits, workers
from storage.records.files import FilePreview, FileReading
from storage.records.goals import FileFormat

_WORKER = "engine.files.worker"


def read_in_worker(
    source: Path,
    target: Path,
    file_format: FileFormat,
    on_progress: Callable[[workers.Progress], None],
    is_cancelled: Callable[[], bool],
    name: str | None = None,
) -> FileReading:
    """Read a file as engine.files.read.read_file does, in a niced process.

    on_progress gets {"stage": "read", "done", "total", "unit": "bytes"} every PROGRESS_INTERVAL_S, and
    is_cancelled is asked then. name: what people call the file, where it lies under another one.

    Raises:
        MendData: The file is no table that fits.
        GiveUp: Its records were counted differently (category ledger), or the process died.
        OutOfSpace: The disk is full.
        Cancelled: is_cancelled said so.
    """
    arguments = {
        "kind": "read",
        "source": str(source),
        "target": str(target),
        "format": asdict(file_format),
        "name": name,
    }
    return FileReading.from_json(workers.call(_WORKER, arguments, on_progress, is_cancelled))


def preview_in_worker(
    source: Path, file_format: FileFormat, rows: int = limits.SAMPLE_ROWS, name: str | None = None
) -> FilePreview:
    """Look at the first READ_BLOCK_BYTES of a file in a niced process; raises as read_in_worker does."""
    arguments = {"kind": "preview", "source": str(source), "format": asdict(file_format), "rows": rows, "name": name}
    return FilePreview.from_json(workers.call(_WORKER, arguments, lambda _: None, lambda: False))
