"""The service's Unix socket: the command line's verbs, done in the process that owns the home.

Mode 0600: whoever can open it is the person who runs the service, acts as administrator, and is audited as
"cli:<os user>". One request and one answer a connection, each one line of JSON.
"""

import contextlib
import json
import pwd
import socket
import struct
import threading
from typing import Any

from engine import verbs
from engine.base import errors, ids, limits, log
from engine.control_client import read_line
from engine.flows.desk import Desk
from storage.database import StorageFault
from storage.records.people import Caller, Role


class ControlSocket:
    """Answers the command line until it is stopped."""

    def __init__(self, desk: Desk) -> None:
        """Belong to one home; nothing listens yet."""
        self._desk = desk
        self._path = desk.settings.socket
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._stopping = threading.Event()

    def start(self) -> None:
        """Listen; a file that a killed service left is replaced, for the lease says that nobody uses it.

        Raises:
            GiveUp: The system does not take the socket's path, for it is too long.
        """
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        try:
            self._listener.bind(str(self._path))
        except OSError as error:
            self._listener.close()
            raise errors.GiveUp(
                f"The socket {self._path} cannot be made ({error}); set HANDOFF_HOME to a shorter path."
            ) from error
        self._path.chmod(0o600)
        self._listener.listen()
        threading.Thread(target=self._accept, name="control", daemon=True).start()

    def stop(self) -> None:
        """Stop listening and remove the file."""
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(limits.SOCKET_WAIT_S_MAX)
            request = read_line(connection, limits.SOCKET_REQUEST_BYTES_MAX)
            connection.sendall(json.dumps(self._do(request, connection)).encode() + b"\n")

    def _do(self, request: bytes, connection: socket.socket) -> dict[str, Any]:
        try:
            asked = json.loads(request)
            return {"answer": verbs.do(self._desk, caller_of(_uid(connection)), asked["verb"], asked["arguments"])}
        except errors.HandoffError as error:
            return {"error": errors.to_json(error)}
        except Exception as error:  # noqa: BLE001 - the edge of a request: the service goes on, the log says what
            return {"error": errors.to_json(as_told(error))}


def as_told(error: Exception) -> errors.HandoffError:
    """Return what people are told of an error that nobody expected; the log gets its place, under a trace."""
    if isinstance(error, StorageFault):
        return errors.GiveUp(str(error), errors.Category.STORAGE)
    trace = ids.trace()
    log.logger(__name__).error("a verb failed, trace %s: %s", trace, log.where(error))
    return errors.GiveUp(f"It stopped on a fault of Handoff; the log has trace {trace}.")


def caller_of(user_id: int) -> Caller:
    """Return the caller for an operating system user: an administrator with a name of its own in the audit."""
    try:
        name = pwd.getpwuid(user_id).pw_name
    except KeyError:
        name = str(user_id)
    return Caller(f"cli:{name}", Role.ADMIN)


def _uid(connection: socket.socket) -> int:
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[1])
