"""The home as a command opens it itself, where no service runs: its verbs and jobs, done in this process."""

import os
from typing import Any

from engine import control, verbs
from engine.base.settings import Settings
from engine.flows import intake
from engine.scheduling.jobs import Worker
from engine.service import Home, HomeIsHeld

__all__ = ["HomeIsHeld", "Standalone"]


class Standalone:
    """An open home that does verbs and jobs one after the other."""

    def __init__(self, settings: Settings) -> None:
        """Open the home and take back the jobs that were cut off.

        Raises:
            HomeIsHeld: By another process.
            GiveUp: As Home says.
        """
        self._home = Home(settings)
        self._worker = Worker(self._home.desk)
        self._worker.take_back()
        self._has_taken_in = False

    def do(self, verb: str, arguments: dict[str, Any]) -> Any:
        """Do one verb and return its answer.

        Raises:
            HandoffError: As the verb says.
        """
        return verbs.do(self._home.desk, control.caller_of(os.getuid()), verb, arguments)

    def work(self) -> bool:
        """Do the next job that is queued; return whether there was one."""
        if not self._has_taken_in:
            # What landed at the endpoints just before the service ended belongs to this run too.
            intake.take_in(self._home.desk)
            self._has_taken_in = True
        return self._worker.do_next() is not None

    def finish(self) -> None:
        """Do all that is queued: what a run left behind, its receipts and results."""
        while self._worker.do_next() is not None:
            pass

    def close(self) -> None:
        """Let the home go."""
        self._home.close()
