"""When each part of the engine was heard of last, in this process; what is silent is shown as silent."""

import threading

from engine.base import clock

SCHEDULER, JOBS = "scheduler", "jobs"
_lock = threading.Lock()
_beats: dict[str, float] = {}


def beat(part: str) -> None:
    """Say that a part is alive."""
    with _lock:
        _beats[part] = clock.monotonic_s()


def silent_s(part: str) -> float | None:
    """Return for how many seconds a part has been silent; None where it never spoke in this process."""
    with _lock:
        found = _beats.get(part)
    return None if found is None else clock.monotonic_s() - found
