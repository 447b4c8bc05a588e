"""What flows, actions and views call: each piece of work on a partner's server in a worker process of its own."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.base import clock, errors, limits, workers
from engine.base.errors import BadInput, Category, TryAgain
from engine.base.installation import Installation
from engine.transfer.names import shown
from engine.transfer.transport import Delivered, Letter, NotFetched, Outgoing, Place
from engine.transfer.ways import Way
from storage.records.connections import PORT_MAX, Method, Secrets, Server
from storage.records.files import FetchedFile, HostKey, Listing, RemoteFile, Stage
from storage.records.goals import PatternKind

_WORKER = "engine.transfer.worker"
_USUAL_PORTS = {
    Way.SFTP: "SFTP is mostly at 22",
    Way.FTP: "FTP is mostly at 21",
    Way.IMAP: "IMAP is mostly at 993",
    Way.SMTP: "mail servers mostly take mail at 587",
}


@dataclass(frozen=True)
class Remote:
    """A server and how it may be reached.

    is_plain: without TLS, chosen by a person. own: (address, port) of our own endpoints, never reached.
    """

    method: Method
    server: Server
    secrets: Secrets = field(repr=False)
    is_plain: bool
    installation: Installation = field(repr=False)
    own: tuple[tuple[str, int], ...]


def _ignore(_: workers.Progress) -> None:
    """Nobody watches."""


def _never() -> bool:
    return False


def fetch_host_key(remote: Remote, is_cancelled: Callable[[], bool] = _never) -> HostKey:
    """Return what a server shows first, for a person to confirm: its host key or its certificate; nobody signs in.

    Raises:
        BadInput: The name or the port cannot be one.
        TryAgain: Not reached; the sentence names the stage.
        GiveUp: No such server, one that is too old, or one that may not be reached.
    """
    nobody = dataclasses.replace(remote, secrets=Secrets())
    asked = {"kind": "host_key", **_told(nobody, _fetching_way(remote), "", signs_in=False)}
    return HostKey(**_call(asked, limits.ASK_WAIT_S_MAX, is_cancelled=is_cancelled))


def test_connection(
    remote: Remote,
    folder: str,
    writes_to: str = "",  # noqa: PT028 - no test of pytest's
    is_cancelled: Callable[[], bool] = _never,  # noqa: PT028 - the same
) -> tuple[Stage, ...]:
    """Try resolve, connect, host key (or certificate), sign in, list and write; the last stage is the one that fails.

    Args:
        remote: The server.
        folder: What is listed; "" lists nothing, and asks the server for sending where the method is e-mail.
        writes_to: The folder where a probe is written and removed; "" for none.
        is_cancelled: Asked four times a second.

    Raises:
        BadInput: An entry cannot be used at all; what the server refuses is a stage, not an error.
    """
    way = Way.SMTP if remote.method is Method.EMAIL and not folder else _fetching_way(remote)
    if writes_to:
        _check_folder(way, writes_to)
    asked = {"kind": "test", "writes_to": writes_to, **_told(remote, way, folder)}
    result = _call(asked, limits.ASK_WAIT_S_MAX + limits.LISTING_WAIT_S_MAX, is_cancelled=is_cancelled)
    return tuple(Stage(**stage) for stage in result["stages"])


def list_folder(
    remote: Remote,
    folder: str,
    pattern: str,
    kind: PatternKind = PatternKind.WILDCARD,
    is_cancelled: Callable[[], bool] = _never,
) -> Listing:
    """List a folder: the files that the pattern takes ("" takes all), and every other name with its reason.

    Our own answers (receipt_, result_) are never taken. A mailbox is listed whole: the pattern is for attachments.

    Raises:
        BadInput: The pattern is no expression that can be used.
        MendCredentials: Host key or sign-in.
        GiveUp: Category FOLDER: missing, not a folder, not allowed, too many names.
        TryAgain: Not reached, cut or too slow.
    """
    way = _fetching_way(remote)
    judged_by = None if way is Way.IMAP else kind.value
    asked = {"kind": "list", "pattern": pattern, "pattern_kind": judged_by, **_told(remote, way, folder)}
    result = _call(asked, limits.ASK_WAIT_S_MAX + limits.LISTING_WAIT_S_MAX, is_cancelled=is_cancelled)
    files = (RemoteFile(file["name"], file["size_bytes"], _time(file["changed_at"])) for file in result["files"])
    return Listing(files=tuple(files), not_taken=tuple((name, reason) for name, reason in result["not_taken"]))


def fetch_files(
    remote: Remote,
    folder: str,
    names: Sequence[str],
    target: Path,
    partial: Path,
    on_progress: Callable[[workers.Progress], None] = _ignore,
    is_cancelled: Callable[[], bool] = _never,
) -> tuple[FetchedFile | NotFetched, ...]:
    """Fetch files into target, in the order of the names; each is whole, or says why it is not there.

    Args:
        remote: The server.
        folder: Absolute, at the server.
        names: Base names, as list_folder gave them.
        target: An empty folder of the spool. The files get local names (0.data, ...), and those are the
            spool_key of what is returned: relative to target.
        partial: A folder of the spool that outlives this call; what a cut fetch has goes on from there.
        on_progress: Gets {"stage": "fetch", "done", "total", "unit": "bytes"}, four times a second.
        is_cancelled: Asked as often.

    Raises:
        MendCredentials: Host key or sign-in.
        TryAgain: Not reached, cut too often, or too slow: what is here rests in partial for the next call.
        OutOfSpace: The disk of the spool is full.
        Cancelled: A person cancelled.
    """
    if not names:
        return ()
    told = _told(remote, _fetching_way(remote), folder)
    asked = {"kind": "fetch", "names": list(names), "target": str(target), "partial": str(partial), **told}
    result = _fetching(asked, target, limits.FETCH_WAIT_S_MAX, on_progress, is_cancelled)
    return tuple(_outcome(file) for file in result["files"])


def fetch_sample(
    remote: Remote, folder: str, name: str, target: Path, is_cancelled: Callable[[], bool] = _never
) -> FetchedFile:
    """Fetch the first SNIFF_BYTES of one file into target; size_bytes is the whole file's, sha256 the sample's."""
    told = _told(remote, _fetching_way(remote), folder)
    asked = {"kind": "sample", "names": [name], "target": str(target), **told}
    return _fetched(_fetching(asked, target, limits.SAMPLE_WAIT_S_MAX, _ignore, is_cancelled))


def deliver_files(
    remote: Remote,
    folder: str,
    files: Sequence[Outgoing],
    letter: Letter,
    on_progress: Callable[[workers.Progress], None] = _ignore,
    is_cancelled: Callable[[], bool] = _never,
) -> tuple[Delivered, ...]:
    """Bring files there, in their order: a reader sees the old file, none, or the whole new one.

    Args:
        remote: The server.
        folder: Absolute, at the server; "" for mail.
        files: The names that they get there, and where they lie here.
        letter: What mail says; Letter() for the other ways.
        on_progress: Gets {"stage": "deliver", "done", "total", "unit": "bytes"}, four times a second.
        is_cancelled: Asked as often.

    Raises:
        MendCredentials: Host key or sign-in.
        GiveUp: Not allowed there, a name that the server cannot have, or a server that keeps fewer bytes.
        TryAgain: Not reached, cut or too slow.
        Cancelled: A person cancelled.
    """
    if not files:
        return ()
    way = Way.SMTP if remote.method is Method.EMAIL else _fetching_way(remote)
    asked = {
        "kind": "deliver",
        "files": [[file.name, str(file.path)] for file in files],
        "letter": dataclasses.asdict(letter),
        **_told(remote, way, folder),
    }
    result = _call(asked, limits.DELIVER_WAIT_S_MAX, on_progress, is_cancelled)
    return tuple(Delivered(**file) for file in result["files"])


def remove_files(
    remote: Remote, folder: str, names: Sequence[str], is_cancelled: Callable[[], bool] = _never
) -> tuple[str, ...]:
    """Remove files there and return the names that are gone now; one that was gone already counts as gone."""
    if not names:
        return ()
    asked = {"kind": "remove", "names": list(names), **_told(remote, _fetching_way(remote), folder)}
    return tuple(_call(asked, limits.REMOVE_WAIT_S_MAX, is_cancelled=is_cancelled)["names"])


def _fetching(
    asked: dict[str, Any],
    target: Path,
    wait_s: float,
    on_progress: Callable[[workers.Progress], None],
    is_cancelled: Callable[[], bool],
) -> dict[str, Any]:
    try:
        return _call(asked, wait_s, on_progress, is_cancelled)
    except BaseException:
        for left in (*target.glob("*.data"), *target.glob("*.data.part")):  # the worker may have been killed
            left.unlink(missing_ok=True)
        raise


def _call(
    asked: dict[str, Any],
    wait_s: float,
    on_progress: Callable[[workers.Progress], None] = _ignore,
    is_cancelled: Callable[[], bool] = _never,
) -> dict[str, Any]:
    """Call the worker and end it after wait_s, whatever its server does."""
    until_s = clock.monotonic_s() + wait_s

    def watched(progress: workers.Progress) -> None:
        on_progress(progress)
        if clock.monotonic_s() > until_s:
            at = f"{shown(asked['place']['host'])}:{asked['place']['port']}"
            raise TryAgain(f"{at} took longer than {wait_s:g} s in all; the next run tries again.", Category.TIMEOUT)

    return workers.call(_WORKER, asked, watched, is_cancelled)


def _fetching_way(remote: Remote) -> Way:
    return {Method.SFTP: Way.SFTP, Method.FTP: Way.FTP, Method.EMAIL: Way.IMAP}[remote.method]


def _told(remote: Remote, way: Way, folder: str, *, signs_in: bool = True) -> dict[str, Any]:
    """Say the server, the secrets and the folder as the worker wants them."""
    server, network, mail = remote.server, remote.installation.network, remote.installation.mail
    if signs_in and not server.username and way is not Way.SMTP:
        raise BadInput("Enter the user name the server knows.", "username")
    if folder:
        _check_folder(way, folder)
    elif signs_in and way is Way.IMAP:
        raise BadInput("Enter the mailbox folder, such as INBOX.", "folder")
    if not server.host or any(character.isspace() or character in "/@\0" for character in server.host):
        raise BadInput("Enter the server's name or address alone, such as sftp.example.com.", "host")
    if not 1 <= server.port <= PORT_MAX:
        raise BadInput(f"Enter a port from 1 to {PORT_MAX}; {_USUAL_PORTS[way]}.", "port")
    place = Place(
        host=server.host,
        port=server.port,
        username=server.username,
        host_key=server.host_key,
        is_plain=remote.is_plain or (way is Way.SMTP and mail.security == "none"),
        allow=network.allow,
        own=remote.own,
        may_be_old=server.host.casefold() in {name.casefold() for name in network.old_sftp_servers},
        authorities=network.authorities,
        security=mail.security if way is Way.SMTP and mail.security != "none" else "",
    )
    return {
        "way": way.value,
        "place": dataclasses.asdict(place),
        "secrets": dataclasses.asdict(remote.secrets),
        "folder": folder,
    }


def _check_folder(way: Way, folder: str) -> None:
    if way in (Way.SFTP, Way.FTP) and not folder.startswith("/"):
        raise BadInput("Enter the folder from the root of the server on, such as /outgoing.", "folder")
    if any(character in folder for character in "\0\r\n"):
        raise BadInput("Enter the folder on one line, without control characters.", "folder")


def _outcome(file: dict[str, Any]) -> FetchedFile | NotFetched:
    if "error" in file:
        return NotFetched(file["name"], errors.from_json(file["error"]))
    return _fetched(file)


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
