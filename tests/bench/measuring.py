"""How benches measure: several things in turn (A B A B), medians, and a table in RESULTS.md."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Measure = Callable[[], float]


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


def verdict(figure: float, bound: float, *, is_floor: bool) -> str:
    """Say whether a figure reached its bound."""
    reached = figure >= bound if is_floor else figure <= bound
    sign = "at least" if is_floor else "at most"
    return f"{sign} {bound:g}: {'reached' if reached else 'NOT reached'}"
