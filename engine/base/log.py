"""The service's log: one line an event, to a file in the home folder, never a secret or a row's values."""

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path
from traceback import extract_tb

from engine.base import limits

_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


def logger(name: str) -> logging.Logger:
    """Return the logger of a module."""
    return logging.getLogger(f"handoff.{name}")


def where(error: BaseException) -> str:
    """Say an unexpected error's kind and place on one line; its own words may hold a row or a secret, so not them."""
    steps = [f"{Path(step.filename).name}:{step.lineno} {step.name}" for step in extract_tb(error.__traceback__)[-6:]]
    return f"{type(error).__name__} at {' > '.join(steps)}"


def open_log(path: Path) -> None:
    """Write what the product logs to this file, rotated at LOG_BYTES_MAX, LOG_FILES_MAX older ones kept."""
    root = logging.getLogger("handoff")
    root.setLevel(logging.INFO)
    root.propagate = False
    if not any(isinstance(handler, RotatingFileHandler) for handler in root.handlers):
        handler = RotatingFileHandler(
            path, maxBytes=limits.LOG_BYTES_MAX, backupCount=limits.LOG_FILES_MAX, encoding="utf-8"
        )
        handler.setFormatter(logging.Formatter(_FORMAT))
        root.addHandler(handler)
