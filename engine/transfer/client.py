"""What flows, actions and views call: each piece of work on a partner's server in a worker process of its own."""

import dataclasses
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.base import workers
from engine.base.errors import BadInput
from storage.records.connections import PORT_MAX, Secrets, Server
from storage.records.files import FetchedFile, HostKey, Listing, RemoteFile, Stage

_WORKER = "engine.transfer.worker"


def _ignore(_: workers.Progress) -> None:
    """Nobody watches."""


def _never() -> bool:
    return False


def fetch_host_key(host: str, port: int, is_cancelled: Callable[[], bool] = _never) -> HostKey:
    """Return the key a server shows first, for a person to confirm; nobody signs in.

    Raises:
        BadInput: The name or the port cannot be one.
        TryAgain: Not reached; the sentence names the stage.
        GiveUp: No SSH server, or one that is too old.
    """
    place = _place(host, port, "", "")
    return HostKey(**_call({"kind": "host_key", "server": place}, is_cancelled=is_cancelled))


def test_connection(
    server: Server,
    secrets: Secrets,
    folder: str,
    is_cancelled: Callable[[], bool] = _never,  # noqa: PT028 - no test of pytest's
) -> tuple[Stage, ...]:
    """Try resolve, connect, host key, sign in and list; the last stage is the failing one, if any fails.

    Raises:
        BadInput: An entry cannot be used at all; what the server refuses is a stage, not an error.
    """
    result = _call({"kind": "test", **_told(server, secrets, folder)}, is_cancelled=is_cancelled)
    return tuple(Stage(**stage) for stage in result["stages"])


def list_folder(
    server: Server, secrets: Secrets, folder: str, pattern: str, is_cancelled: Callable[[], bool] = _never
) -> Listing:
    """List a folder: the files that the pattern takes, and every other name with its reason.

    Raises:
        MendCredentials: Host key or sign-in.
        GiveUp: Category FOLDER: missing, not a folder, not allowed, too many names.
        TryAgain: Not reached, cut or too slow.
    """
    asked = {"kind": "list", "pattern": pattern, **_told(server, secrets, folder)}
    result = _call(asked, is_cancelled=is_cancelled)
    files = (RemoteFile(file["name"], file["size_bytes"], _time(file["changed_at"])) for file in result["files"])
    return Listing(files=tuple(files), not_taken=tuple((name, reason) for name, reason in result["not_taken"]))


def fetch_files(
    server: Server,
    secrets: Secrets,
    folder: str,
    names: Sequence[str],
    target: Path,
    on_progress: Callable[[workers.Progress], None] = _ignore,
    is_cancelled: Callable[[], bool] = _never,
) -> tuple[FetchedFile, ...]:
    """Fetch files over one connection into target, in the order of the names: all of them, or none.

    Args:
        server: Where.
        secrets: With what to sign in.
        folder: Absolute, at the server.
        names: Base names, as list_folder gave them.
        target: An empty folder of the spool. The files get local names (0.data, ...), and those are the
            spool_key of what is returned: relative to target.
        on_progress: Gets {"stage": "fetch", "done", "total", "unit": "bytes"}, four times a second.
        is_cancelled: Asked as often.

    Raises:
        MendCredentials: Host key or sign-in.
        MendData: A file is larger than FILE_BYTES_MAX.
        GiveUp: A file may not be read, or the server sends more than it says.
        TryAgain: Not reached, cut, too slow, or a file is still being written.
        Cancelled: A person cancelled.
    """
    if not names:
        return ()
    asked = {"kind": "fetch", "names": list(names), "target": str(target), **_told(server, secrets, folder)}
    result = _fetching(asked, target, on_progress, is_cancelled)
    return tuple(_fetched(file) for file in result["files"])


def fetch_sample(
    server: Server,
    secrets: Secrets,
    folder: str,
    name: str,
    target: Path,
    is_cancelled: Callable[[], bool] = _never,
) -> FetchedFile:
    """Fetch the first SNIFF_BYTES of one file into target; size_bytes is the whole file's, sha256 the sample's."""
    asked = {"kind": "sample", "names": [name], "target": str(target), **_told(server, secrets, folder)}
    return _fetched(_fetching(asked, target, _ignore, is_cancelled))


def _fetching(
    asked: dict[str, Any],
    target: Path,
    on_progress: Callable[[workers.Progress], None],
    is_cancelled: Callable[[], bool],
) -> dict[str, Any]:
    try:
        return _call(asked, on_progress, is_cancelled)
    except BaseException:
        for left in (*target.glob("*.data"), *target.glob("*.data.part")):  # the worker may have been killed
            left.unlink(missing_ok=True)
        raise


def _call(
    asked: dict[str, Any],
    on_progress: Callable[[workers.Progress], None] = _ignore,
    is_cancelled: Callable[[], bool] = _never,
) -> dict[str, Any]:
    return workers.call(_WORKER, asked, on_progress, is_cancelled)


def _told(server: Server, secrets: Secrets, folder: str) -> dict[str, Any]:
    """Say the server, the secrets and the folder as the worker wants them."""
    if not server.username:
        raise BadInput("Enter the user name the server knows.", "username")
    if not folder.startswith("/") or "\0" in folder:
        raise BadInput("Enter the folder from the root of the server on, such as /outgoing.", "folder")
    place = _place(server.host, server.port, server.username, server.host_key)
    return {"server": place, "secrets": dataclasses.asdict(secrets), "folder": folder}


def _place(host: str, port: int, username: str, host_key: str) -> dict[str, Any]:
    if not host or any(character.isspace() or character in "/@\0" for character in host):
        raise BadInput("Enter the server's name or address alone, such as sftp.example.com.", "host")
    if not 1 <= port <= PORT_MAX:
        raise BadInput(f"Enter a port from 1 to {PORT_MAX}; SFTP is mostly at 22.", "port")
    return {"host": host, "port": port, "username": username, "host_key": host_key}


def _fetched(file: dict[str, Any]) -> FetchedFile:
    return FetchedFile(
        name=file["name"],
        size_bytes=file["size_bytes"],
        changed_at=_time(file["changed_at"]),
        sha256=file["sha256"],
        spool_key=file["file_name"],
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
