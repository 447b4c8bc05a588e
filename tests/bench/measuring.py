"""How benches measure: several things in turn (A B A B), medians, and a table in RESULTS.md."""

import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import psutil

Measure = Callable[[], float]
_LOOK_S = 0.02


@dataclass
class Report:
    """What RESULTS.md will say: titled tables of lines, in the order they were made."""

    parts: list[str] = field(default_factory=list)

    def table(self, title: str, note: str, head: tuple[str, ...], lines: Sequence[tuple[str, ...]]) -> None:
        """Add a table."""
        rows = "\n".join("| " + " | ".join(line) + " |" for line in (head, tuple("---" for _ in head), *lines))
        self.parts.append(f"## {title}\n{note}\n\n{rows}\n")
        print(f"{title}\n{rows}\n")


def in_turn(rounds: int, **measures: Measure) -> dict[str, list[float]]:
    """Measure each in turn, `rounds` times over, so that noise of the machine falls on all alike."""
    found: dict[str, list[float]] = {name: [] for name in measures}
    for number in range(rounds):
        for name, measure in measures.items():
            found[name].append(measure())
            print(f"  round {number + 1} of {rounds}, {name}: {found[name][-1]:.2f}")
    return found


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that work takes."""
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s


def median(values: list[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def verdict(figure: float, bound: float, *, is_floor: bool, aim: float | None = None) -> str:
    """Say whether a figure reached its bound, and its aim where it has one."""
    sign = "at least" if is_floor else "at most"
    said = f"{sign} {bound:g}: {_reached(figure, bound, is_floor=is_floor)}"
    return said if aim is None else f"{said}; aim {aim:g}: {_reached(figure, aim, is_floor=is_floor)}"


def _reached(figure: float, bound: float, *, is_floor: bool) -> str:
    return "reached" if (figure >= bound if is_floor else figure <= bound) else "NOT reached"


def cpu_s() -> float:
    """Return the CPU seconds that this process and all its descendants have used so far, those that ended included."""
    return sum(sum(_times_of(process)) for process in _family())


def cpu_of(work: Callable[[], object]) -> float:
    """Return the CPU seconds that work takes, here and in its worker processes."""
    began_s = cpu_s()
    work()
    return cpu_s() - began_s


def peak_mb_of(work: Callable[[], object]) -> float:
    """Return the most memory, RSS in MB (10^6), that this process and its descendants have at once during the work."""
    peak, is_over = [0], threading.Event()

    def look() -> None:
        while not is_over.wait(_LOOK_S):
            peak.append(max(peak.pop(), sum(_rss_bytes(process) for process in _family())))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        work()
    finally:
        is_over.set()
        looking.join()
    return peak[0] / 1e6


def _family() -> list[psutil.Process]:
    me = psutil.Process()
    return [me, *me.children(recursive=True)]


def _times_of(process: psutil.Process) -> tuple[float, ...]:
    try:
        found = process.cpu_times()
    except psutil.NoSuchProcess:
        return ()
    return (found.user, found.system, found.children_user, found.children_system)


def _rss_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
