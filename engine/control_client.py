"""The other end of the service's Unix socket: asks for one verb and waits for its answer.

It imports next to nothing, so that a command of a running service answers at once.
"""

import json
import socket
from typing import Any

from engine.base import errors, limits


def ask(path: str, verb: str, arguments: dict[str, Any]) -> Any:
    """From the command line: have a running service do a verb.

    Raises:
        ConnectionError: No service listens there.
        TryAgain: The service ended or hung before it answered.
        HandoffError: What the verb raised.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(limits.SOCKET_WAIT_S_MAX)
        try:
            connection.connect(path)
        except OSError as error:
            raise ConnectionError(str(error)) from error
        try:
            connection.sendall(json.dumps({"verb": verb, "arguments": arguments}).encode() + b"\n")
            line = read_line(connection, limits.SOCKET_ANSWER_BYTES_MAX)
        except OSError as error:
            raise errors.TryAgain(f"The service did not answer ({error}); try again.") from error
    if not line.endswith(b"\n"):
        raise errors.TryAgain("The service ended before it answered; try again.")
    said = json.loads(line)
    if "error" in said:
        raise errors.from_json(said["error"])
    return said["answer"]


def read_line(connection: socket.socket, bytes_max: int) -> bytes:
    """Return what comes up to a line end, without one where the other side ends or says too much."""
    parts: list[bytes] = []
    size_bytes = 0
    while not (parts and parts[-1].endswith(b"\n")) and size_bytes <= bytes_max:
        part = connection.recv(1 << 16)
        if not part:
            break
        parts.append(part)
        size_bytes += len(part)
    return b"".join(parts)
