"""What the Files page shows: every file in or out, what became of it, and what we answered."""

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine.base import clock, errors, limits
from engine.flows import answer_ways
from engine.flows.desk import Desk
from engine.security import audit, masking, roles
from engine.security.audit import What
from engine.security.roles import Right
from storage.database import Cursor
from storage.records.connections import Connection, Direction
from storage.records.credentials import Credential
from storage.records.exchange import Answer, AnswerKind, FileState, HandedFile
from storage.records.people import Caller, Role
from storage.records.runs import Reject
from storage.tables import answers, connections, credentials, exchange, files_listed, rejects, runs

KEPT_DAYS = limits.KEPT_DAYS
"""How long the content of files and answers can be downloaded."""
FILES_OF_RUN_MAX = 100
"""How many files one run's page lists."""
GOING = (FileState.QUEUED, FileState.IN_PROGRESS)
AGAIN = (FileState.FAILED, FileState.NOT_MATCHED)
"""States from which a person can have a file imported again, where its content is still kept."""


@dataclass(frozen=True)
class Asked:
    """Which files a page asks for; None and "" leave open."""

    direction: Direction | None = None
    state: FileState | None = None
    connection_id: str | None = None
    name: str = ""


@dataclass(frozen=True)
class FileLine:
    """One file. connection_name is "" where the connection was deleted. may_again: imported, or sent, once more."""

    file: HandedFile
    connection_name: str
    answers: tuple[Answer, ...]
    may_get: bool
    may_get_answers: bool
    may_again: bool

    def answer(self, kind: AnswerKind) -> Answer | None:
        """Return the answer of this kind, None where there is none or its content was removed."""
        return next((item for item in self.answers if item.kind is kind), None)


@dataclass(frozen=True)
class FileList:
    """A page of files, newest first; total counts all that fit. now is UTC.

    counts: of each direction and state, for the same connection and name. choices: (id, name) of connections that
    have files. inbound: (id, name) of those that a mended file can be given to.
    """

    lines: tuple[FileLine, ...]
    total: int
    counts: dict[tuple[Direction, FileState], int]
    choices: tuple[tuple[str, str], ...]
    inbound: tuple[tuple[str, str], ...]
    may_send: bool
    now: datetime

    @property
    def is_going(self) -> bool:
        """Whether a file waits or is being worked on."""
        return any(self.counts.get((way, state)) for way in Direction for state in GOING)


@dataclass(frozen=True)
class FilePage:
    """One file with all that is known of it; now is UTC.

    answers_go_to: a place, as the end of a sentence; "" where nobody asked for answers. run_number,
    mends_run_number: as people know runs, None where there is none. is_large: too large for a browser.
    rejected_by_reason: code -> rows.
    """

    line: FileLine
    run_number: int | None
    answers_go_to: str
    mends_run_number: int | None
    rejected_by_reason: dict[str, int]
    may_see_runs: bool
    may_see_rejects: bool
    may_mend: bool
    is_large: bool
    now: datetime


def listed(desk: Desk, caller: Caller, asked: Asked, start: int = 0, most: int = 50) -> FileList:
    """Return `most` files from `start` on; a partner's own alone, names masked for support.

    Raises:
        NotAllowed: The caller's role does not see files.
    """
    audit.allow(desk.database, caller, Right.SEE_FILES, What("files"))
    owner_id = _owner_of(caller)
    wanted = files_listed.Wanted(asked.direction, asked.state, asked.connection_id, owner_id, asked.name.strip())
    may_send = roles.may(caller.role, Right.SEND_FILES)
    with desk.database.read() as cursor:
        found = files_listed.listed(cursor, wanted, start, most)
        said = answers.of_files(cursor, [file.file_id for file, _ in found])
        every = connections.listed(cursor) if may_send else []
        return FileList(
            lines=tuple(_line(caller, file, name, said.get(file.file_id, [])) for file, name in found),
            total=files_listed.count(cursor, wanted),
            counts=files_listed.by_way_and_state(cursor, wanted),
            choices=tuple(files_listed.connections_of(cursor, owner_id)),
            inbound=tuple((item.connection_id, item.name) for item in every if item.direction is Direction.INBOUND),
            may_send=may_send,
            now=clock.now(),
        )


def of_run(desk: Desk, caller: Caller, run_id: str) -> tuple[FileLine, ...]:
    """Return the files that a run took or brought, in the order in which they came; FILES_OF_RUN_MAX of them.

    Raises:
        NotAllowed: The caller's role does not see files.
    """
    audit.allow(desk.database, caller, Right.SEE_FILES, What("run", run_id))
    with desk.database.read() as cursor:
        found = exchange.of_run(cursor, run_id)[:FILES_OF_RUN_MAX]
        connection = connections.by_id(cursor, found[0].connection_id) if found else None
        said = answers.of_files(cursor, [file.file_id for file in found])
    if not roles.owns(caller, connection.owner_id if connection else None):
        return ()
    name = connection.name if connection else ""
    return tuple(_line(caller, file, name, said.get(file.file_id, [])) for file in found)


def page(desk: Desk, caller: Caller, file_id: str) -> FilePage:
    """Return one file by its id or its trace.

    Raises:
        NotAllowed: The caller's role does not see files.
        GiveUp: There is no such file, or it is not the caller's to see.
    """
    audit.allow(desk.database, caller, Right.SEE_FILES, What("file", file_id))
    with desk.database.read() as cursor:
        file, connection = _known(cursor, caller, file_id)
        run = runs.by_id(cursor, file.run_id) if file.run_id else None
        mends = runs.by_id(cursor, file.mends_run_id) if file.mends_run_id else None
        may_see_rejects = roles.may(caller.role, Right.SEE_REJECTS)
        by_reason = rejects.by_reason_of_file(cursor, file.run_id, file.read_as) if file.run_id else {}
        said = answers.of_file(cursor, file.file_id)
        place = answer_ways.said(connection, _credential(cursor, connection)) if connection else ""
    return FilePage(
        line=_line(caller, file, connection.name if connection else "", said),
        run_number=run.number if run else None,
        answers_go_to=_masked(caller, place),
        mends_run_number=mends.number if mends else None,
        rejected_by_reason=by_reason,
        may_see_runs=roles.may(caller.role, Right.SEE_RUNS),
        may_see_rejects=may_see_rejects,
        may_mend=bool(by_reason) and connection is not None and roles.may(caller.role, Right.SEND_FILES),
        is_large=file.size_bytes > limits.DOWNLOADED_BYTES_MAX,
        now=clock.now(),
    )


def rejected(
    desk: Desk, caller: Caller, file_id: str, reason: str | None = None, start: int = 0, most: int = 50
) -> list[Reject]:
    """Return rejected rows of one file by line; values masked for callers who may not see raw ones.

    Raises:
        NotAllowed: The caller's role does not see rejected rows.
        GiveUp: There is no such file, or it is not the caller's to see.
    """
    audit.allow(desk.database, caller, Right.SEE_REJECTS, What("file", file_id))
    with desk.database.read() as cursor:
        file, _ = _known(cursor, caller, file_id)
        found = rejects.of_file(cursor, file.run_id, file.read_as, reason, start, most) if file.run_id else []
    if roles.may(caller.role, Right.SEE_RAW_VALUES):
        return found
    return [
        dataclasses.replace(
            item,
            file_name=masking.mask_text(item.file_name),
            value=masking.mask(item.value),
            raw=masking.mask_record(item.raw),
        )
        for item in found
    ]


def answer_path(desk: Desk, caller: Caller, file_id: str, kind: AnswerKind) -> tuple[Answer, Path]:
    """Return a file's answer and where its content lies.

    Raises:
        NotAllowed: The caller's role may not download files.
        GiveUp: There is no such answer, its content was removed, or it is not the caller's to see.
    """
    audit.allow(desk.database, caller, Right.GET_FILES, What("file", file_id))
    with desk.database.read() as cursor:
        file, _ = _known(cursor, caller, file_id)
        answer = answers.of_kind(cursor, file.file_id, kind)
    if answer is None:
        raise errors.GiveUp(f"{file.name} has no {_WORDS[kind]}.")
    path = desk.spool.path(answer.spool_key)
    if not path.is_file():
        raise errors.GiveUp(f"Content removed: the {_WORDS[kind]} of {file.name} was kept {limits.KEPT_DAYS} days.")
    return answer, path


_WORDS = {AnswerKind.RECEIPT: "receipt", AnswerKind.RESULT: "result", AnswerKind.ERRORS: "file of rejected rows"}


def _known(cursor: Cursor, caller: Caller, file_id: str) -> tuple[HandedFile, Connection | None]:
    file = exchange.by_id(cursor, file_id) or exchange.by_trace(cursor, file_id)
    connection = connections.by_id(cursor, file.connection_id) if file else None
    if file is None or not roles.owns(caller, connection.owner_id if connection else None):
        # What belongs to others is as if it were not there.
        raise errors.GiveUp(f"There is no file {file_id}; see the list of files.")
    return file, connection


def _owner_of(caller: Caller) -> str | None:
    return (caller.person_id or "") if caller.role is Role.PARTNER else None


def _line(caller: Caller, file: HandedFile, connection_name: str, said: list[Answer]) -> FileLine:
    shown = dataclasses.replace(
        file,
        name=_masked(caller, file.name),
        reason=_masked(caller, file.reason) if file.reason else None,
        sender=_masked(caller, file.sender) if file.sender else None,
    )
    said = [dataclasses.replace(item, name=_masked(caller, item.name)) for item in said]
    is_kept = file.spool_key is not None
    may_run = roles.may(caller.role, Right.RUN) and bool(connection_name)
    return FileLine(
        file=shown,
        connection_name=connection_name,
        answers=tuple(said),
        may_get=roles.may(caller.role, Right.GET_FILES) and is_kept,
        may_get_answers=roles.may(caller.role, Right.GET_FILES) and file.content_removed_at is None,
        may_again=may_run and is_kept and file.state in AGAIN,
    )


def _masked(caller: Caller, text: str) -> str:
    """Mask what stands in names and sentences for support; partners see their own files as they gave them."""
    is_raw = roles.may(caller.role, Right.SEE_RAW_VALUES) or caller.role is Role.PARTNER
    return text if is_raw else masking.mask_text(text)


def _credential(cursor: Cursor, connection: Connection) -> Credential | None:
    return credentials.by_id(cursor, connection.credential_id) if connection.credential_id else None
