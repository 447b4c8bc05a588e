"""The process that reads and previews files, forked for engine.files.reading."""

import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from engine.base import limits, workers
from engine.files import table
from engine.files.read import preview_file, read_file
from storage.records.goals import FileFormat


def preload() -> None:
    """Import what every reading needs, once for all workers."""
    table.preload()


def work(arguments: dict[str, Any]) -> dict[str, Any]:
    """Do what the parent asked.

    {"kind": "read", "source", "target", "format", "name"} or {"kind": "preview", "source", "format", "name", "rows"}.
    """
    source, file_format, name = Path(arguments["source"]), FileFormat(**arguments["format"]), arguments["name"]
    with _Ticker(source) as ticker:
        if arguments["kind"] == "preview":
            return asdict(preview_file(source, file_format, arguments["rows"], name))
        return asdict(read_file(source, Path(arguments["target"]), file_format, ticker.note, name))


class _Ticker:
    """Reports the last progress again and again, so that a cancellation is noticed in mid-block too."""

    def __init__(self, source: Path) -> None:
        self._done, self._total = 0, source.stat().st_size
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def note(self, done: int, total: int) -> None:
        """Keep how many bytes are done."""
        self._done, self._total = done, total

    def _run(self) -> None:
        while not self._ended.wait(limits.PROGRESS_INTERVAL_S):
            workers.report({"stage": "read", "done": self._done, "total": self._total, "unit": "bytes"})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
