"""Reaches a checked address over TCP, keeps each stage within its time, and says in one sentence what went wrong."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from engine.base import clock, limits
from engine.base.errors import HandoffError, TryAgain
from engine.transfer import addresses, sentences
from engine.transfer.fetching import Lost
from engine.transfer.names import shown
from engine.transfer.transport import Place, Steps


class Wire:
    """The sockets of one conversation with one server; when a time is over, all of them are cut.

    A time-out of each read would not do: a server that sends a byte now and then never meets one. So a timer cuts
    the sockets, and whoever waits for an answer then fails at once.
    """

    def __init__(self, place: Place, steps: Steps) -> None:
        """Keep where to; nothing is opened yet."""
        self._place = place
        self.steps = steps
        self._address = ""
        self._sockets: list[socket.socket] = []
        self._cut_after_s: float | None = None

    def connect(self) -> socket.socket:
        """Resolve the name once, judge its addresses, and connect to the first that answers.

        Raises:
            HandoffError: Not found, not allowed, refused or too slow; the sentence names the stage.
        """
        place, wait_s = self._place, limits.CONNECT_WAIT_S_MAX
        self.steps.begin("resolve")
        found = addresses.checked(place.host, place.port, place.allow, place.own)
        self.steps.end(f"{shown(place.host)} is {found[0]}.")
        self.steps.begin("connect")
        error: HandoffError = sentences.unknown_name(place)
        until_s = clock.monotonic_s() + wait_s
        for address in found:
            left_s = until_s - clock.monotonic_s()
            if left_s <= 0:
                break
            try:
                opened = socket.create_connection((address, place.port), left_s)
            except TimeoutError:
                error = sentences.took_too_long(place, "to connect", wait_s)
            except OSError as reason:
                error = sentences.not_reached(place, reason)
            else:
                self._address = address
                self.steps.end(f"Port {place.port} answers.")
                return self.keep(opened)
        raise error

    def connect_beside(self, port: int) -> socket.socket:
        """Open a second connection to the same address (the data of FTP), whatever address the server names."""
        place = self._place
        addresses.checked(self._address, port, place.allow, place.own)
        try:
            return self.keep(socket.create_connection((self._address, port), limits.CONNECT_WAIT_S_MAX))
        except OSError as error:
            doing = f"to open a data connection at port {port}"
            raise self.told(error, doing) from None

    def keep(self, opened: socket.socket) -> socket.socket:
        """Cut this socket too when a time is over; silence of TRANSFER_SILENCE_S_MAX is a time-out of its own."""
        opened.settimeout(limits.TRANSFER_SILENCE_S_MAX)
        self._sockets = [one for one in self._sockets if one.fileno() >= 0]
        self._sockets.append(opened)
        return opened

    @contextmanager
    def cut_after(self, wait_s: float) -> Iterator[None]:
        """Cut all sockets when the time is over; what fails then is told by `told` and `lost`."""
        is_over = threading.Event()

        def watch() -> None:
            if not is_over.wait(wait_s):
                self._cut_after_s = wait_s
                for one in list(self._sockets):
                    with suppress(OSError):
                        socket.socket.shutdown(one, socket.SHUT_RDWR)  # the TLS layer's own would race its reader

        watching = threading.Thread(target=watch, daemon=True)
        watching.start()
        try:
            yield
        finally:
            is_over.set()
            watching.join()

    @contextmanager
    def stage(self, doing: str, wait_s: float) -> Iterator[None]:
        """Bound one exchange with the server and translate what the network does; `doing` names it in sentences."""
        with self.cut_after(wait_s):
            try:
                yield
            except (OSError, EOFError) as error:
                raise self.told(error, doing) from None
            except HandoffError:
                if self.is_cut:  # what a cut handshake says would blame the server for hanging up
                    raise self.lost(doing) from None
                raise

    def told(self, error: Exception, doing: str) -> Lost:
        """Say what a failed read or write means."""
        if self._cut_after_s is None and isinstance(error, TimeoutError):
            return _lost(sentences.took_too_long(self._place, doing, limits.TRANSFER_SILENCE_S_MAX))
        return self.lost(doing)

    def lost(self, doing: str) -> Lost:
        """Say that the server is gone, or that it was cut because it took too long."""
        if self._cut_after_s is not None:
            return _lost(sentences.took_too_long(self._place, doing, self._cut_after_s))
        return _lost(sentences.hung_up(self._place, f"when asked {doing}"))

    @property
    def is_cut(self) -> bool:
        """Whether a time was over; there is no use in trying again then."""
        return self._cut_after_s is not None

    def close(self) -> None:
        """Close whatever is still open."""
        for one in self._sockets:
            with suppress(OSError):
                socket.socket.shutdown(one, socket.SHUT_RDWR)
            with suppress(OSError):
                one.close()
        self._sockets = []


def _lost(error: TryAgain) -> Lost:
    return Lost(str(error), error.category)
