"""Receipts and results over real servers: into the folder for results, or by mail to the return address."""

import dataclasses
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.actions import files as actions
from engine.flows import answering
from engine.flows.desk import Desk
from storage.records.connections import Connection, Method
from storage.records.exchange import AnswerState, FileState, HandedFile
from storage.records.people import Caller, Role
from storage.tables import connections, exchange
from tests.fakes import exchange as given
from tests.fakes import mail_relay
from tests.fakes.exchange import IN, PULL, PUSH, RETURN_EMAIL
from tests.fakes.home import open_home
from tests.fakes.mail_relay import Relay
from tests.fakes.pushed import Pushed, letter
from tests.fakes.shop import NAME, Shop

HEADER = "id,name,points\n"
ANALYST = Caller("Ana Vos", Role.ANALYST, "p1")


@pytest.fixture
def relay() -> Iterator[Relay]:
    """The mail server by which the home sends."""
    with mail_relay.running() as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, relay: Relay) -> Iterator[Desk]:
    """An open home without its engine, which sends through the relay."""
    with open_home(tmp_path) as opened:
        given.settings(opened, relay.settings())
        yield opened


def want_results(shop: Shop, folder: str) -> Connection:
    """Let the shop's connection have a folder for results at its server, and return it."""
    shop.server.folder.chmod(0o777)
    with shop.desk.database.write("ctl") as cursor:
        before = connections.by_name(cursor, NAME)
        assert before is not None
        after = dataclasses.replace(before, details=dataclasses.replace(before.details, result_folder=folder))
        connections.replace(cursor, after)
    return after


def files_of(shop: Shop, connection: Connection) -> list[HandedFile]:
    """Return the connection's files that were not only listed, in the order in which they came."""
    with shop.desk.database.read() as cursor:
        return [
            file
            for file in exchange.in_state(cursor, connection.connection_id, *FileState)
            if file.state is not FileState.NOT_MATCHED
        ]


@pytest.mark.promise("P06")
def test_our_own_answers_in_the_folder_that_is_read_are_never_imported(shop: Shop) -> None:
    # given: the folder for results is the folder that is read, and every name is taken
    shop.apply(files="*")
    connection = want_results(shop, shop.server.absolute_folder)
    shop.write("a.csv", HEADER + "1,Ana,5\n2,Ben,x\n")
    # when
    taken = [shop.run()["files"]["taken"] for _ in range(5)]
    # then
    there = sorted(path.name for path in shop.server.folder.iterdir())
    assert there == ["a.csv", "receipt_a.csv.txt", "result_a.csv.json", "result_a.csv_errors.csv.gz"]
    assert taken == [1, 0, 0, 0, 0]
    assert [file.name for file in files_of(shop, connection)] == ["a.csv"]
    assert shop.count() == 1


def test_an_answer_that_the_server_refuses_holds_up_no_other(shop: Shop) -> None:
    # given: a folder stands in the way of the first receipt
    shop.apply()
    results = shop.server.folder / "results"
    results.mkdir(mode=0o777)
    results.chmod(0o777)
    (results / "receipt_a.csv.txt").mkdir()
    (results / "receipt_a.csv.txt" / "x").touch()
    want_results(shop, str(results))
    for name in ("a.csv", "b.csv", "c.csv"):
        shop.write(name, HEADER + f"{name},Ana,5\n")
    # when
    shop.run()
    # then
    there = {path.name for path in results.iterdir() if path.is_file()}
    assert there == {"receipt_b.csv.txt", "receipt_c.csv.txt", *(f"result_{name}.csv.json" for name in "abc")}
    assert shop.sql("SELECT name FROM ctl.answer WHERE state <> 'sent'") == [("receipt_a.csv.txt",)]


@pytest.mark.promise("R01", "R02", "R03")
def test_a_pulled_file_is_answered_into_the_folder_and_its_corrected_rows_import(shop: Shop) -> None:
    # given
    shop.apply()
    (shop.server.folder / "results").mkdir(mode=0o777)
    (shop.server.folder / "results").chmod(0o777)
    connection = want_results(shop, f"{shop.server.absolute_folder}/results")
    shop.write("a.csv", HEADER + "1,Ana,5\n2,Ben,seven\n3,Cas\n")
    # when
    shop.run()
    # then
    results = shop.server.folder / "results"
    receipt, said = (results / "receipt_a.csv.txt").read_text(), json.loads((results / "result_a.csv.json").read_text())
    (file,) = files_of(shop, connection)
    assert f"trace_id: {file.trace_id}\n" in receipt
    assert (said["trace_id"], said["status"]) == (file.trace_id, "complete")
    assert (said["rows"]["total"], said["rows"]["ok"], said["rows"]["errors"]) == (3, 1, 2)
    rows = gzip.decompress((results / said["errors_file"]).read_bytes())
    assert rows.startswith(b"id,name,points,_line,_reason,")
    # when: both rows are corrected, our columns are left in, and it is sent back as it came, packed
    corrected = rows.replace(b"seven", b"7").replace(b"3,Cas,,", b"3,Cas,9,")
    shop.write("mended_a.csv", gzip.compress(corrected))
    run = shop.run()
    # then
    assert (run["rows"]["applied"], run["rows"]["rejected"]) == (2, 0)
    assert shop.profile("2")["points"] == 7
    assert shop.profile("3")["points"] == 9
    assert shop.count() == 3


def test_a_mended_file_that_a_person_uploads_mends_the_run_that_it_names(shop: Shop) -> None:
    # given
    shop.apply()
    shop.write("a.csv", HEADER + "1,Ana,5\n2,Ben,seven\n")
    first = shop.run()
    with shop.desk.database.read() as cursor:
        connection = connections.by_name(cursor, NAME)
    assert connection is not None
    (file,) = files_of(shop, connection)
    errors = next(item for item in given.answers_of(shop.desk, file) if item.name.endswith("_errors.csv.gz"))
    path = answering.content(shop.desk, errors)
    assert path is not None
    corrected = gzip.decompress(path.read_bytes()).replace(b"seven", b"7")
    # when
    file_id = actions.hand_in_mended(
        shop.desk, ANALYST, connection.connection_id, errors.name, gzip.compress(corrected), first["id"]
    )
    shop.work()
    # then
    with shop.desk.database.read() as cursor:
        mended = exchange.by_id(cursor, file_id)
    assert mended is not None
    assert (mended.state, mended.reason, mended.mends_run_id) == (FileState.COMPLETE, None, first["id"])
    assert shop.profile("2")["points"] == 7


@pytest.mark.promise("R04", "Z10")
@pytest.mark.parametrize("methodology", [PUSH, PULL])
def test_receipt_and_result_go_to_the_return_address_as_two_mails(desk: Desk, relay: Relay, methodology: Any) -> None:
    # given
    way = (IN, Method.EMAIL, methodology)
    connection = given.connection(desk, "Loyalty", way, return_email=RETURN_EMAIL, address="in-x")
    file = given.file(desk, connection, "buyers é.csv")
    # when
    with desk.database.write("ctl") as cursor:
        answering.receipt(desk, cursor, connection, file)
        exchange.move(cursor, file.file_id, FileState.IN_PROGRESS)
        exchange.move(cursor, file.file_id, FileState.COMPLETE, ended_at=file.first_seen_at)
    answering.result(desk, file.file_id)
    given.work(desk)
    # then
    receipt, result = relay.mails
    assert relay.recipients == [[RETURN_EMAIL]] * 2
    assert list(mail_relay.attachments(receipt)) == ["receipt_buyers é.csv.txt"]
    assert list(mail_relay.attachments(result)) == ["result_buyers é.csv.json"]
    said = json.loads(mail_relay.attachments(result)["result_buyers é.csv.json"])
    assert said["trace_id"] == file.trace_id
    assert file.trace_id.encode() in mail_relay.attachments(receipt)["receipt_buyers é.csv.txt"]
    assert receipt["Message-ID"] != result["Message-ID"]
    assert {answer.state for answer in given.answers_of(desk, file)} == {AnswerState.SENT}


@pytest.mark.promise("R03", "R04", "Z10")
def test_rejected_rows_of_a_mail_come_back_beside_its_result_and_are_mended_by_mail(desk: Desk, relay: Relay) -> None:
    # given
    pushed = Pushed(desk, Method.EMAIL, address="in-x", return_email=RETURN_EMAIL)
    # when
    pushed.mail(letter(("a.csv", HEADER + "1,Ana,5\n2,Ben,seven\n")))
    first = pushed.run()
    given.work(desk)
    # then
    receipt, result = relay.mails
    assert list(mail_relay.attachments(receipt)) == ["receipt_a.csv.txt"]
    found = mail_relay.attachments(result)
    assert list(found) == ["result_a.csv.json", "result_a.csv_errors.csv.gz"]
    said = json.loads(found["result_a.csv.json"])
    assert (said["rows"]["errors"], said["errors_file"]) == (1, "result_a.csv_errors.csv.gz")
    rows = gzip.decompress(found["result_a.csv_errors.csv.gz"]).decode()
    assert rows.startswith("id,name,points,_line,_reason,")
    # when: the row is corrected and sent in another mail
    mail = letter(("mended_a.csv", rows.replace("seven", "7")), message_id="<2@partner.example>")
    back = pushed.mail(mail)
    second = pushed.run()
    # then
    assert (second.counts.applied, second.counts.rejected) == (1, 0)
    assert pushed.file(back).mends_run_id == first.run_id


def test_a_mail_that_is_tried_again_has_the_same_message_id(desk: Desk, relay: Relay) -> None:
    # given
    relay.hangs_up = True
    way = (IN, Method.EMAIL, PUSH)
    connection = given.connection(desk, "Loyalty", way, return_email=RETURN_EMAIL, address="in-x")
    file = given.file(desk, connection)
    with desk.database.write("ctl") as cursor:
        answering.receipt(desk, cursor, connection, file)
    given.work(desk)
    # when
    relay.hangs_up = False
    with desk.database.write("ctl") as cursor:
        cursor.execute("UPDATE ctl.answer SET next_try_at = made_at")
    assert answering.due(desk) == 1
    given.work(desk)
    # then
    first, second = relay.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert [answer.state for answer in given.answers_of(desk, file)] == [AnswerState.SENT]
