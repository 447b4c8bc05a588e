"""Questions to a partner's server that a page asks: its host key, a test in stages, and what lies in a folder."""

import dataclasses
from pathlib import Path
from typing import Any

from engine.base import errors, limits
from engine.connections import wizard
from engine.connections.wizard import Answers
from engine.files import reading as files
from engine.flows import drafting, mailboxes, places, sealing
from engine.flows.desk import Desk
from engine.flows.watch import Watch
from engine.transfer import client, patterns
from storage.records.connections import Connection, Details, Method, SecretKind, Secrets, Server
from storage.records.exchange import FileState
from storage.records.files import Listing, RemoteFile
from storage.records.goals import FileFormat, PatternKind
from storage.tables import connections, drafts, exchange

_READABLE = (FileState.QUEUED, FileState.IN_PROGRESS, FileState.COMPLETE, FileState.FAILED, FileState.NOT_MATCHED)


def fetch_host_key(desk: Desk, arguments: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """Answer {"kind", "fingerprint"} of the SSH host key or the TLS certificate; nobody signs in.

    Args:
        desk: The open home.
        arguments: {"host", "port", "method"}.
        watch: Of this job.
    """
    server = Server(arguments["host"], arguments["port"], "", "", SecretKind.PASSWORD)
    remote = places.remote(desk, Method(arguments["method"]), server, Secrets(), Details())
    return dataclasses.asdict(client.fetch_host_key(remote, watch.is_cancelled))


def test_connection(desk: Desk, arguments: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """Answer {"stages": [{"name", "ok", "said", "took_ms"}]} for a draft: {"draft_id", "person_id"}.

    Mail that we send is tested at our own mail server. A folder that we write into is tried with a probe.
    """
    answers = _answers(desk, arguments)
    if wizard.sends_mail(answers):
        stages = client.test_connection(places.for_sending(desk), "", "", watch.is_cancelled)
    else:
        folder = str(answers["folder"]).strip()
        writes_to = str(answers.get("result_folder") or "").strip() if wizard.has_goal(answers) else folder
        stages = client.test_connection(_remote(desk, arguments, answers), folder, writes_to, watch.is_cancelled)
    return {"stages": [dataclasses.asdict(stage) for stage in stages]}


def list_names(desk: Desk, arguments: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """List the names in a draft's folder, so that its pattern can be tried on them (W15).

    Returns:
        {"names": [those of files, newest first, at most LISTED_NAMES_SHOWN], "total": how many files there are}.
    """
    answers = _answers(desk, arguments)
    remote = _remote(desk, arguments, answers)
    listing = client.list_folder(remote, str(answers["folder"]).strip(), "", PatternKind.WILDCARD, watch.is_cancelled)
    newest = sorted(listing.files, key=lambda file: (str(file.changed_at), file.name), reverse=True)
    names = [file.name for file in newest] + [name for name, reason in listing.not_taken if reason == patterns.RESERVED]
    return {"names": names[: limits.LISTED_NAMES_SHOWN], "total": len(names)}


def scan_folder(desk: Desk, arguments: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """List what a goal takes and read the head of its newest file.

    Where partners push to us, these are the files that came and are still kept; in a mailbox that we read, the
    attachments of its newest mails.

    Args:
        desk: The open home.
        arguments: {"connection_id", "folder", "files", "files_kind", "format": as in FileFormat}.
        watch: Of this job.

    Returns:
        {"files": [{"name", "size_bytes", "changed_at"}], "not_taken": [[name, reason]], "preview": None or
        {"name", "encoding", "separator", "columns", "rows": [[line, [values]]], "records", "is_whole",
        "rows_estimated"}, "preview_error": None or a sentence}.
    """
    with desk.database.read() as cursor:
        connection = connections.by_id(cursor, arguments["connection_id"])
    if connection is None:
        raise errors.GiveUp("This connection is not there any more; go back to the list.")
    kind = PatternKind(arguments.get("files_kind", PatternKind.WILDCARD))
    file_format = FileFormat(**arguments["format"])
    if connection.is_hosted:
        return _scan_kept(desk, connection, arguments["files"], kind, file_format)
    if connection.method is Method.EMAIL:
        return _scan_mailbox(desk, connection, arguments, kind, file_format, watch)
    remote = places.of_connection(desk, connection)
    listing = client.list_folder(remote, arguments["folder"], arguments["files"], kind, watch.is_cancelled)
    answer: dict[str, Any] = {**_listed(listing), "preview": None, "preview_error": None}
    if not listing.files:
        return answer
    newest = max(listing.files, key=lambda file: (str(file.changed_at), file.name))
    work = desk.spool.work_folder(f"scan-{arguments['connection_id']}")
    try:
        sample = client.fetch_sample(remote, arguments["folder"], newest.name, work, watch.is_cancelled)
        path = work / sample.spool_key
        if sample.size_bytes > limits.SNIFF_BYTES:
            _cut_at_line_end(path)
        answer["preview"] = _preview(path, sample.name, file_format, sample.size_bytes)
    except errors.MendData as error:
        answer["preview_error"] = str(error)
    finally:
        desk.spool.discard(work)
    return answer


def _scan_kept(
    desk: Desk, connection: Connection, pattern: str, kind: PatternKind, file_format: FileFormat
) -> dict[str, Any]:
    with desk.database.read() as cursor:
        came = exchange.in_state(cursor, connection.connection_id, *_READABLE)
    by_name = {file.name: file for file in came}
    listing = Listing(
        tuple(RemoteFile(file.name, file.size_bytes, file.first_seen_at) for file in by_name.values()), ()
    )
    chosen = patterns.choose(listing, pattern, kind)
    answer: dict[str, Any] = {**_listed(chosen), "preview": None, "preview_error": None}
    kept = [by_name[file.name] for file in chosen.files if by_name[file.name].spool_key]
    if kept:
        newest = max(kept, key=lambda file: file.first_seen_at)
        try:
            answer["preview"] = _preview(desk.spool.path(str(newest.spool_key)), newest.name, file_format)
        except errors.MendData as error:
            answer["preview_error"] = str(error)
    return answer


def _scan_mailbox(
    desk: Desk,
    connection: Connection,
    arguments: dict[str, Any],
    kind: PatternKind,
    file_format: FileFormat,
    watch: Watch,
) -> dict[str, Any]:
    """Look into the newest mails: nothing is taken, and none is marked as read."""
    work = desk.spool.work_folder(f"scan-{connection.connection_id}")
    try:
        seen = mailboxes.newest(desk, connection, arguments["folder"], arguments["files"], kind, work, watch)
        if not seen.taken:  # what was imported may have been removed there
            kept = _scan_kept(desk, connection, arguments["files"], kind, file_format)
            return {**kept, "not_taken": [*kept["not_taken"], *map(list, seen.not_taken)]}
        attachments = tuple(RemoteFile(file.name, file.size_bytes, at) for file, at, _ in seen.taken)
        answer: dict[str, Any] = _listed(Listing(attachments, seen.not_taken))
        file, _, path = seen.taken[0]
        try:
            return {**answer, "preview": _preview(path, file.name, file_format), "preview_error": None}
        except errors.MendData as error:
            return {**answer, "preview": None, "preview_error": str(error)}
    finally:
        desk.spool.discard(work)


def _answers(desk: Desk, arguments: dict[str, Any]) -> Answers:
    with desk.database.read() as cursor:
        found = drafts.by_id(cursor, arguments["draft_id"], arguments["person_id"])
    if found is None:
        raise errors.GiveUp("This draft is not there any more; start a new one.")
    return wizard.renewed(found[0])


def _remote(desk: Desk, arguments: dict[str, Any], answers: Answers) -> client.Remote:
    with desk.database.read() as cursor:
        secrets = sealing.of_draft(desk, cursor, arguments["draft_id"], arguments["person_id"])
        chosen = drafting.chosen(cursor, answers)
    is_plain = bool(answers.get("plain_ftp"))
    server = Server(
        str(answers["host"]).strip(),
        answers["port"],
        chosen.username if chosen else str(answers.get("username") or "").strip(),
        "" if is_plain else str(answers.get("host_key") or ""),
        SecretKind.PASSWORD if secrets.private_key is None else SecretKind.PRIVATE_KEY,
    )
    return places.remote(desk, Method(answers["method"]), server, secrets, Details(plain_ftp=is_plain))


def _listed(listing: Listing) -> dict[str, Any]:
    files_listed = [
        {
            "name": file.name,
            "size_bytes": file.size_bytes,
            "changed_at": file.changed_at.isoformat() if file.changed_at else None,
        }
        for file in listing.files
    ]
    return {"files": files_listed, "not_taken": [list(pair) for pair in listing.not_taken]}


def _preview(path: Path, name: str, file_format: FileFormat, size_bytes: int | None = None) -> dict[str, Any]:
    """Read the start of a file; size_bytes: of the whole one, where only its start lies here."""
    preview = files.preview_in_worker(path, file_format, name=name)
    here_bytes = path.stat().st_size
    times = (size_bytes or here_bytes) / max(here_bytes, 1)
    rows = preview.records if preview.is_whole else preview.rows_estimated
    return {
        "name": name,
        "encoding": preview.encoding,
        "separator": preview.separator,
        "columns": list(preview.columns),
        "rows": [[line, list(values)] for line, values in preview.rows],
        "records": preview.records,
        "is_whole": preview.is_whole and times <= 1,
        "rows_estimated": None if rows is None else round(rows * max(times, 1)),
    }


def _cut_at_line_end(path: Path) -> None:
    # The head of a larger file ends somewhere in a row; that row is not shown as damaged.
    text = path.read_bytes()
    for end in (b"\n\x00", b"\n", b"\r"):
        position = text.rfind(end)
        if position > 0 and (len(end) == 1 or text.count(b"\x00") > len(text) // 4):
            path.write_bytes(text[: position + len(end)])
            return
