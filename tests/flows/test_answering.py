"""Receipts and results: owed when a file is taken and done, brought by their way, tried again, never in the way."""

import csv
import dataclasses
import gzip
import io
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine.base import clock
from engine.flows import answer_ways, answering
from engine.flows.desk import Desk
from storage.records.connections import Connection, ConnectionState, Method, SecretKind, Server
from storage.records.exchange import Answer, AnswerKind, AnswerState, FileState, HandedFile
from storage.tables import connections, exchange
from tests.fakes import exchange as given
from tests.fakes.exchange import IN, PULL, PUSH, RETURN_EMAIL
from tests.fakes.home import open_home

CLOSED = Server("127.0.0.1", 1, "shop", "SHA256:" + "a" * 43, SecretKind.PASSWORD)
NOON = datetime(2026, 11, 21, 12, 0)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An open home without its engine."""
    with open_home(tmp_path) as opened:
        yield opened


@pytest.fixture
def stopped_clock() -> Iterator[list[datetime]]:
    """A clock that stands, and is moved by writing into the list."""
    times = [NOON]
    clock.set_source(lambda: times[0])
    yield times
    clock.use_machine_time()


def take(desk: Desk, connection: Connection, file: HandedFile) -> None:
    """Owe a receipt, as whoever takes a file does."""
    with desk.database.write("ctl") as cursor:
        answering.receipt(desk, cursor, connection, file)


def end(desk: Desk, file: HandedFile, state: FileState = FileState.COMPLETE, reason: str | None = None) -> None:
    """Let a file end, and owe its result."""
    with desk.database.write("ctl") as cursor:
        exchange.move(cursor, file.file_id, FileState.IN_PROGRESS)
        exchange.move(cursor, file.file_id, state, reason=reason, ended_at=clock.now())
    answering.result(desk, file.file_id)


def states(desk: Desk, file: HandedFile) -> dict[str, str]:
    """Return a file's answers and their states."""
    return {answer.kind.value: answer.state.value for answer in given.answers_of(desk, file)}


def only(desk: Desk, file: HandedFile) -> Answer:
    """Return the only answer of a file."""
    (answer,) = given.answers_of(desk, file)
    return answer


@pytest.mark.promise("R01")
@pytest.mark.parametrize("method", [Method.SFTP, Method.FTP])
@pytest.mark.parametrize("result_folder", ["", "/results"])
def test_a_hosted_login_finds_its_receipt_beside_its_files(desk: Desk, method: Method, result_folder: str) -> None:
    # given
    connection = given.connection(desk, "Loyalty", (IN, method, PUSH), result_folder=result_folder)
    file = given.file(desk, connection, "buyers.csv")
    # when
    take(desk, connection, file)
    given.work(desk)
    # then
    folder = desk.spool.outgoing(connection.connection_id) / result_folder.strip("/")
    receipt = folder / "receipt_buyers.csv.txt"
    assert f"trace_id: {file.trace_id}\n" in receipt.read_text()
    assert receipt.stat().st_nlink == 1
    assert states(desk, file) == {"receipt": "sent"}


def test_a_receipt_is_made_once_however_often_the_file_is_told(desk: Desk) -> None:
    connection = given.connection(desk, "Loyalty", (IN, Method.SFTP, PUSH))
    file = given.file(desk, connection)
    take(desk, connection, file)
    given.work(desk)

    take(desk, connection, file)

    assert given.work(desk) == 0
    assert states(desk, file) == {"receipt": "sent"}


def test_a_receipt_that_is_rolled_back_with_its_file_is_never_sent(desk: Desk) -> None:
    connection = given.connection(desk, "Loyalty", (IN, Method.SFTP, PUSH))
    file = given.file(desk, connection)

    with pytest.raises(RuntimeError, match="killed"), desk.database.write("ctl") as cursor:  # noqa: PT012 - as a kill
        answering.receipt(desk, cursor, connection, file)
        raise RuntimeError("killed here")

    assert given.work(desk) == 0
    assert not given.answers_of(desk, file)


@pytest.mark.parametrize(
    ("way", "details"),
    [((IN, Method.SFTP, PULL), {}), ((IN, Method.FTP, PULL), {}), ((IN, Method.EMAIL, PUSH), {"address": "in-x"})],
)
def test_an_answer_that_nobody_wants_is_kept_for_people_to_read(
    desk: Desk, way: tuple[object, object, object], details: dict[str, str]
) -> None:
    connection = given.connection(desk, "Loyalty", way, **details)  # type: ignore[arg-type]
    file = given.file(desk, connection)

    take(desk, connection, file)
    end(desk, file)

    assert given.work(desk) == 0
    assert states(desk, file) == {"receipt": "kept", "result": "kept"}
    assert all(answering.content(desk, answer) for answer in given.answers_of(desk, file))


@pytest.mark.promise("R02")
def test_a_processed_file_has_a_result_with_its_counts(desk: Desk) -> None:
    # given
    (desk.settings.home / "settings.yaml").write_text("pages: {address: https://handoff.example.org/}\n")
    connection = given.connection(desk, "Loyalty", (IN, Method.SFTP, PUSH))
    file = given.file(desk, connection, "buyers.csv", rows_total=3, rows_ok=2, rows_errors=1)
    # when
    end(desk, file)
    given.work(desk)
    # then
    said = json.loads((desk.spool.outgoing(connection.connection_id) / "result_buyers.csv.json").read_text())
    assert (said["trace_id"], said["file"], said["status"]) == (file.trace_id, "buyers.csv", "complete")
    assert said["rows"] == {"total": 3, "ok": 2, "errors": 1}
    assert said["first_seen_at"] == file.first_seen_at.isoformat(timespec="milliseconds") + "Z"
    assert said["link"] == f"https://handoff.example.org/files?id={file.file_id}"


def test_a_failed_file_says_why_in_its_result(desk: Desk) -> None:
    connection = given.connection(desk, "Loyalty", (IN, Method.SFTP, PUSH))
    file = given.file(desk, connection, "buyers.csv")

    end(desk, file, FileState.FAILED, "The file buyers.csv is empty; have it exported again.")
    given.work(desk)

    said = json.loads((desk.spool.outgoing(connection.connection_id) / "result_buyers.csv.json").read_text())
    assert (said["status"], said["error"]) == ("failed", "The file buyers.csv is empty; have it exported again.")


def test_a_result_is_made_once_for_one_end_and_anew_for_another(desk: Desk, stopped_clock: list[datetime]) -> None:
    # given
    connection = given.connection(desk, "Loyalty", (IN, Method.SFTP, PUSH))
    file = given.file(desk, connection)
    end(desk, file, FileState.FAILED, "The file is empty.")
    given.work(desk)
    # when: the same end is told again
    answering.result(desk, file.file_id)
    # then
    assert given.work(desk) == 0
    # when: a person has it imported again
    stopped_clock[0] += timedelta(minutes=5)
    with desk.database.write("ctl") as cursor:
        exchange.move(cursor, file.file_id, FileState.QUEUED)
    end(desk, file)
    # then
    assert given.work(desk) == 1
    result = desk.spool.outgoing(connection.connection_id) / "result_a.csv.json"
    assert json.loads(result.read_text())["status"] == "complete"


def test_an_answer_that_cannot_be_brought_waits_longer_each_time_and_rests_after_a_day(
    desk: Desk, stopped_clock: list[datetime]
) -> None:
    # given
    connection = given.connection(desk, "Loyalty", (IN, Method.EMAIL, PUSH), return_email=RETURN_EMAIL, address="in-x")
    file = given.file(desk, connection)
    take(desk, connection, file)
    # when
    waits_s = []
    given.work(desk)
    while only(desk, file).state is AnswerState.WAITING:
        following = only(desk, file).next_try_at
        assert following is not None
        waits_s.append((following - stopped_clock[0]).total_seconds())
        assert answering.due(desk) == 0  # nothing is tried before its time
        stopped_clock[0] = following + (timedelta(hours=7) if len(waits_s) > 3 else timedelta())
        assert answering.due(desk) == 1
        assert answering.due(desk) == 0  # one job is enough
        given.work(desk)
    # then
    answer = only(desk, file)
    assert waits_s[:4] == [60.0, 120.0, 300.0, 900.0]
    assert answer.state is AnswerState.FAILED
    assert "settings.yaml" in (answer.error or "")
    assert stopped_clock[0] - NOON >= timedelta(hours=24)


def test_answers_of_before_the_clock_was_put_back_are_brought_all_the_same(
    desk: Desk, stopped_clock: list[datetime]
) -> None:
    # given: one that was made, and one that was put off, by a clock that is a year ahead
    stopped_clock[0] = NOON + timedelta(days=365)
    away = given.connection(desk, "Away", (IN, Method.SFTP, PULL), server=CLOSED, result_folder="/results")
    put_off = given.file(desk, away)
    take(desk, away, put_off)
    given.work(desk)
    hosted = given.connection(desk, "Loyalty", (IN, Method.SFTP, PUSH))
    made = given.file(desk, hosted)
    take(desk, hosted, made)
    # when
    stopped_clock[0] = NOON
    answering.due(desk)
    given.work(desk)
    # then
    assert states(desk, made) == {"receipt": "sent"}
    assert only(desk, put_off).tries == 2


def test_answers_whose_sending_stopped_on_a_fault_of_ours_wait_before_they_are_tried_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    connection = given.connection(desk, "Loyalty", (IN, Method.SFTP, PUSH))
    file = given.file(desk, connection)
    take(desk, connection, file)

    def broken(*_: object) -> None:
        raise KeyError("a fault of ours")

    # when
    with monkeypatch.context() as patched:
        patched.setattr(answer_ways, "bring", broken)
        given.work(desk)
    # then
    assert only(desk, file).state is AnswerState.WAITING
    assert "report it" in (only(desk, file).error or "")
    assert answering.due(desk) == 0


def test_a_paused_connection_is_not_tried_and_its_answers_wait(desk: Desk) -> None:
    way = (IN, Method.SFTP, PULL)
    connection = given.connection(desk, "Loyalty", way, server=CLOSED, result_folder="/results")
    with desk.database.write("ctl") as cursor:
        connections.set_state(cursor, connection.connection_id, ConnectionState.PAUSED, "The key changed", clock.now())
    file = given.file(desk, connection)

    take(desk, connection, file)
    given.work(desk)

    assert only(desk, file).state is AnswerState.WAITING
    assert "paused" in (only(desk, file).error or "")


def test_the_answers_of_a_deleted_connection_rest(desk: Desk) -> None:
    connection = given.connection(desk, "Loyalty", (IN, Method.SFTP, PUSH))
    file = given.file(desk, connection)
    take(desk, connection, file)
    with desk.database.write("ctl") as cursor:
        connections.delete(cursor, connection.connection_id)

    given.work(desk)

    assert only(desk, file).state is AnswerState.FAILED


def test_a_server_that_cannot_be_reached_is_named_and_tried_again(desk: Desk) -> None:
    way = (IN, Method.SFTP, PULL)
    connection = given.connection(desk, "Loyalty", way, server=CLOSED, result_folder="/results")
    file = given.file(desk, connection)

    take(desk, connection, file)
    given.work(desk)

    assert only(desk, file).state is AnswerState.WAITING
    assert "127.0.0.1:1" in (only(desk, file).error or "")


def test_rejected_rows_come_with_the_columns_of_their_file(desk: Desk) -> None:
    # given
    connection = given.connection(desk, "Loyalty", (IN, Method.SFTP, PUSH))
    run_id = given.ended_run(desk, connection)
    content = b'id,name,points\n1,"Vos, Ana",seven\n2,Ben,8\n'
    file = given.file(desk, connection, "buyers.csv", content, run_id=run_id, goal_id="g1", rows_errors=1)
    given.reject(
        desk, run_id, "buyers.csv", (2, "points", "seven", "not_an_integer", "write digits only", "1,Vos, Ana,seven")
    )
    given.merged(desk, "g1", file, rejected=1)
    # when
    end(desk, file)
    given.work(desk)
    # then
    outgoing = desk.spool.outgoing(connection.connection_id)
    said = json.loads((outgoing / "result_buyers.csv.json").read_text())
    assert said["errors_file"] == "result_buyers.csv_errors.csv.gz"
    text = gzip.decompress((outgoing / said["errors_file"]).read_bytes()).decode()
    header, row = csv.reader(io.StringIO(text, newline=""))
    assert (header[:3], row[:3]) == (["id", "name", "points"], ["1", "Vos, Ana", "seven"])
    assert dict(zip(header[3:], row[3:], strict=True)) == {
        "_line": "2",
        "_reason": "not_an_integer",
        "_message": "points: not a whole number",
        "_suggestion": "write digits only",
        "_raw": "",
        "_trace": file.trace_id,
    }
    assert states(desk, file) == {"result": "sent", "errors": "sent"}


def test_no_errors_file_stops_no_result(desk: Desk) -> None:
    connection = given.connection(desk, "Loyalty", (IN, Method.SFTP, PUSH))
    run_id = given.ended_run(desk, connection)
    file = given.file(desk, connection, "buyers.csv", run_id=run_id, goal_id="g1", rows_errors=1)
    given.merged(desk, "g1", file, rejected=1)
    desk.spool.remove(dataclasses.replace(file).spool_key or "")

    end(desk, file)
    given.work(desk)

    assert states(desk, file) == {"result": "sent"}


def test_a_folder_for_results_leads_nowhere_else(desk: Desk) -> None:
    connection = given.connection(desk, "Loyalty", (IN, Method.SFTP, PUSH), result_folder="/../../../etc")
    file = given.file(desk, connection)

    take(desk, connection, file)
    given.work(desk)

    assert only(desk, file).state is AnswerState.WAITING
    assert not list(desk.spool.root.rglob("receipt_*.txt")) or all(
        "answers" in str(path) for path in desk.spool.root.rglob("receipt_*.txt")
    )
    assert only(desk, file).kind is AnswerKind.RECEIPT
