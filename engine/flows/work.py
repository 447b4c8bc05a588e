"""One run while it goes: what its steps work with, and what it has come to so far."""

import dataclasses
from collections import Counter

from engine.base import errors
from engine.flows.desk import Desk
from engine.flows.watch import Stages, Watch
from storage.records.connections import Connection
from storage.records.runs import Run, RunCounts

FETCH, READ, MERGE, REMOVE = 1, 2, 3, 4
"""Where the stages of one goal stand."""
STAGES_OF_A_GOAL = 4


@dataclasses.dataclass
class Work:
    """One run while it goes; counts and failures are changed in place by its steps.

    failures: of single files, which stop neither the others nor the run.
    """

    desk: Desk
    run: Run
    connection: Connection
    stages: Stages
    watch: Watch
    counts: RunCounts = dataclasses.field(default_factory=RunCounts)
    failures: list[errors.HandoffError] = dataclasses.field(default_factory=list)


def added(left: RunCounts, right: RunCounts) -> RunCounts:
    """Return the counts of two files together."""
    values = {
        name: getattr(left, name) + getattr(right, name) for name in RunCounts.__dataclass_fields__ if name != "skipped"
    }
    return RunCounts(**values, skipped=dict(Counter(left.skipped) + Counter(right.skipped)))


def sized(size_bytes: int) -> str:
    """Say a size as stages say it."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size_bytes >= factor:
            return f"{size_bytes / factor:.1f} {unit}"
    return f"{size_bytes} bytes"
