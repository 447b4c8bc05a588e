"""Does the command line's verbs: through the running service, or on the home itself where none runs."""

import time
from typing import TYPE_CHECKING, Any

from engine import control_client
from engine.base import clock, errors, limits, log
from engine.base.settings import Settings

if TYPE_CHECKING:
    from engine.standalone import Standalone

_POLL_S = 0.1
_ONLY_READ = ("run_state", "question_state")


class Office:
    """Does verbs. The home is opened once, and only where no service has it."""

    def __init__(self, settings: Settings) -> None:
        """Name the home; nothing is opened yet."""
        self._settings = settings
        self._alone: Standalone | None = None
        self._knew_service = False

    def do(self, verb: str, arguments: dict[str, Any]) -> Any:
        """Do one verb and return its answer.

        Raises:
            HandoffError: As the verb says.
        """
        until_s = clock.monotonic_s() + (
            limits.SERVICE_BACK_WAIT_S_MAX if self._knew_service else limits.LEASE_WAIT_S_MAX
        )
        while self._alone is None:
            try:
                answer = control_client.ask(str(self._settings.socket), verb, arguments)
            except ConnectionError as error:
                self._open_home(error, is_last_try=clock.monotonic_s() > until_s)
            except errors.TryAgain as error:
                # Cut off in mid-answer: what only reads can be asked again.
                if verb not in _ONLY_READ or clock.monotonic_s() > until_s:
                    raise
                log.logger(__name__).info("asked again: %s", error)
                time.sleep(_POLL_S)
            else:
                self._knew_service = True
                return answer
        return self._alone.do(verb, arguments)

    def answer(self, question: str) -> Any:
        """Wait for something that was asked for and return its result.

        Raises:
            GiveUp: It failed or was cancelled; the sentence says why.
            TryAgain: It takes longer than a command waits.
        """
        until_s = clock.monotonic_s() + limits.RUN_WAIT_S_MAX
        state = self.do("question_state", {"question": question})
        while state["state"] in ("queued", "running"):
            if clock.monotonic_s() > until_s:
                raise errors.TryAgain("It is still going, and goes on without this command.")
            self.work()
            state = self.do("question_state", {"question": question})
        if state["result"] is None:
            raise errors.GiveUp(state["error"] or "It was cancelled; nothing was changed.")
        return state["result"]

    def _open_home(self, error: ConnectionError, *, is_last_try: bool) -> None:
        """Open the home where no service runs. One that is starting, or that went away in between, is waited for."""
        from engine import standalone  # noqa: PLC0415 - the whole engine, which a command of a running service is spared

        if not self._knew_service:
            try:
                self._alone = standalone.Standalone(self._settings)
            except standalone.HomeIsHeld:
                if is_last_try:
                    raise
            else:
                return
        elif is_last_try:
            # It is not for a waiting command to take the home: the service's next start goes on with the work.
            raise errors.TryAgain("The service ended; its next start goes on with what it was doing.") from error
        time.sleep(_POLL_S)

    @property
    def is_alone(self) -> bool:
        """No service runs: this process has the home itself."""
        return self._alone is not None

    def work(self) -> None:
        """Where no service runs: do what is queued, here and now. Else wait a little for it."""
        if self._alone is None or not self._alone.work():
            time.sleep(_POLL_S)

    def finish(self) -> None:
        """Where no service runs: do what a run left behind, its receipts and results."""
        if self._alone is not None:
            self._alone.finish()

    def close(self) -> None:
        """Let the home go."""
        if self._alone is not None:
            self._alone.close()
