"""Questions to a partner's server that a page asks: its host key, a test in stages, and what lies in a folder."""

import dataclasses
from pathlib import Path
from typing import Any

from engine.base import errors, limits
from engine.files import reading as files
from engine.flows import places, sealing
from engine.flows.desk import Desk
from engine.flows.import_files import named
from engine.flows.watch import Watch
from engine.transfer import client
from storage.records.connections import Details, Method, SecretKind, Secrets, Server
from storage.records.files import FetchedFile, Listing
from storage.records.goals import FileFormat, PatternKind
from storage.tables import connections, drafts


def fetch_host_key(desk: Desk, arguments: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """Answer {"kind", "fingerprint"} for {"host", "port"}; nobody signs in."""
    server = Server(arguments["host"], arguments["port"], "", "", SecretKind.PASSWORD)
    remote = places.remote(desk, Method.SFTP, server, Secrets(), Details())
    return dataclasses.asdict(client.fetch_host_key(remote, watch.is_cancelled))


def test_connection(desk: Desk, arguments: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """Answer {"stages": [{"name", "ok", "said", "took_ms"}]} for a draft or a connection."""
    server, secrets, folder = _place(desk, arguments)
    remote = places.remote(desk, Method.SFTP, server, secrets, Details())
    stages = client.test_connection(remote, folder, "", watch.is_cancelled)
    return {"stages": [dataclasses.asdict(stage) for stage in stages]}


def scan_folder(desk: Desk, arguments: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """List a goal's folder and read the head of its newest file.

    Args:
        desk: The open home.
        arguments: {"connection_id", "folder", "files", "format": {separator, header, encoding}}.
        watch: Of this job.

    Returns:
        {"files": [{"name", "size_bytes", "changed_at"}], "not_taken": [[name, reason]], "preview": None or
        {"name", "encoding", "separator", "columns", "rows": [[line, [values]]]}, "preview_error": None or a sentence}.
    """
    with desk.database.read() as cursor:
        connection = connections.by_id(cursor, arguments["connection_id"])
    if connection is None:
        raise errors.GiveUp("This connection is not there any more; go back to the list.")
    remote = places.of_connection(desk, connection)
    kind = PatternKind(arguments.get("files_kind", PatternKind.WILDCARD))
    listing = client.list_folder(remote, arguments["folder"], arguments["files"], kind, watch.is_cancelled)
    answer: dict[str, Any] = {**_listed(listing), "preview": None, "preview_error": None}
    if not listing.files:
        return answer
    newest = max(listing.files, key=lambda file: (str(file.changed_at), file.name))
    work = desk.spool.work_folder(f"scan-{arguments['connection_id']}")
    try:
        sample = client.fetch_sample(remote, arguments["folder"], newest.name, work, watch.is_cancelled)
        answer["preview"] = _preview(sample, work, FileFormat(**arguments["format"]))
    except errors.MendData as error:
        answer["preview_error"] = str(error)
    finally:
        desk.spool.discard(work)
    return answer


def _place(desk: Desk, arguments: dict[str, Any]) -> tuple[Server, Secrets, str]:
    with desk.database.read() as cursor:
        found = drafts.by_id(cursor, arguments["draft_id"], arguments["person_id"])
        secrets = sealing.of_draft(desk, cursor, arguments["draft_id"], arguments["person_id"])
    if found is None:
        raise errors.GiveUp("This draft is not there any more; start a new one.")
    answers = found[0]
    server = Server(
        answers["host"],
        answers["port"],
        answers["username"],
        answers.get("host_key", ""),
        SecretKind(answers["secret_kind"]),
    )
    return server, secrets, answers["folder"]


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


def _preview(sample: FetchedFile, work: Path, file_format: FileFormat) -> dict[str, Any]:
    path = named(work / sample.spool_key, sample.name)
    if sample.size_bytes > limits.SNIFF_BYTES:
        _cut_at_line_end(path)
    preview = files.preview_in_worker(path, file_format)
    return {
        "name": sample.name,
        "encoding": preview.encoding,
        "separator": preview.separator,
        "columns": list(preview.columns),
        "rows": [[line, list(values)] for line, values in preview.rows],
    }


def _cut_at_line_end(path: Path) -> None:
    # The head of a larger file ends somewhere in a row; that row is not shown as damaged.
    text = path.read_bytes()
    for end in (b"\n\x00", b"\n", b"\r"):
        position = text.rfind(end)
        if position > 0 and (len(end) == 1 or text.count(b"\x00") > len(text) // 4):
            path.write_bytes(text[: position + len(end)])
            return
