"""The Files page: what is listed, for whom, what its menu offers, and one file in its drawer."""

from datetime import timedelta
from typing import Any

import pytest

from engine.actions import files as actions
from engine.base import clock, ids
from engine.flows import answering
from engine.flows.desk import Desk
from engine.views import files as view
from pages import files_page
from pages.parts import files_table
from storage.records.connections import Connection, Direction, Method
from storage.records.exchange import FileState, HandedFile
from storage.records.people import Caller, Role
from storage.tables import exchange
from tests.fakes import exchange as given
from tests.fakes.exchange import IN, OUT, PULL, PUSH
from tests.pages.conftest import Show


def every_state(desk: Desk, connection: Connection) -> dict[FileState, HandedFile]:
    """Put a file of each state into the home."""
    return {
        state: given.file(
            desk, connection, f"{state.value}.csv", state=state,
            reason=f"because of {state.value}" if state is FileState.FAILED else None,
        )
        for state in FileState
    }  # fmt: skip


def labels(page: Any, row: int = 0) -> list[str]:
    """Return the menu of a row as people read it."""
    return [label.rpartition(": ")[2] for label in page.dataframe[0].value["menu"][row]]


def test_no_file_yet_and_the_page_says_so_and_where_files_come_from(
    show: Show, went: list[tuple[str, dict[str, str]]]
) -> None:
    # when
    page = show("files_page.py")
    # then
    assert not page.exception
    assert "**No file in this period.**" in [line.value for line in page.markdown]
    # when
    page.button(key="files_connections").click().run()
    # then
    assert went == [("connections_page.py", {})]


@pytest.mark.promise("R05")
def test_every_state_has_its_badge_and_reasons_stand_in_the_row(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    del admin
    connection = given.connection(desk, "Loyalty", (IN, Method.SFTP, PUSH))
    every_state(desk, connection)
    # when
    page = show("files_page.py")
    # then
    assert not page.exception
    table = page.dataframe[0].value
    shown = dict(zip(table["Name"], (badge[0] for badge in table["State"]), strict=True))
    assert shown == {
        "queued.csv": "Queued",
        "in_progress.csv": "In progress",
        "complete.csv": "Complete",
        "failed.csv": "Failed",
        "ignored.csv": "Ignored",
        "not_matched.csv": "Not matched",
        "incomplete.csv": "Incomplete",
    }
    reasons = dict(zip(table["Name"], table["Why"], strict=True))
    assert reasons["failed.csv"] == "because of failed"
    assert (set(table["Connection"]), set(table["Direction"])) == ({"Loyalty"}, {"→ In"})


def test_the_drawer_says_in_a_sentence_why_a_file_was_not_read(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    del admin
    connection = given.connection(desk, "Loyalty", (IN, Method.SFTP, PUSH))
    file = given.file(desk, connection, "logo.png", state=FileState.NOT_MATCHED, reason="does not match")
    # when
    page = show("files_page.py", id=file.file_id)
    # then
    assert page.info[0].value == r"It was not read because of its name\: does not match."


def test_a_mail_kept_as_a_whole_is_called_by_its_sender(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    del admin
    connection = given.connection(desk, "Loyalty", (IN, Method.EMAIL, PUSH))
    for name, sender in ((f"{ids.ulid()}.eml", "ben@partner.example"), ("17-4.eml", None), ("a.eml", "x@y.example")):
        given.file(desk, connection, name, state=FileState.IGNORED, sender=sender)
    # when
    page = show("files_page.py")
    # then
    assert set(page.dataframe[0].value["Name"]) == {"Mail from ben@partner.example", "Mail", "a.eml"}


@pytest.mark.promise("R06")
def test_files_are_filtered_by_type_and_state(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    del admin
    into = given.connection(desk, "Loyalty", (IN, Method.SFTP, PUSH))
    out = given.connection(desk, "Ads", (OUT, Method.SFTP, PULL))
    given.file(desk, into, "in.csv", state=FileState.COMPLETE)
    given.file(desk, out, "sent.csv", state=FileState.COMPLETE)
    given.file(desk, out, "broken.csv", state=FileState.FAILED)
    # when, then
    assert list(show("files_page.py", dir="out").dataframe[0].value["Name"]) == ["broken.csv", "sent.csv"]
    page = show("files_page.py", dir="out", status="failed")
    assert list(page.dataframe[0].value["Name"]) == ["broken.csv"]
    page = show("files_page.py", status="complete", connection=into.connection_id)
    assert list(page.dataframe[0].value["Name"]) == ["in.csv"]


@pytest.mark.promise("R06")
def test_errors_of_a_file_are_filtered_by_their_class(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    del admin
    connection = given.connection(desk, "Loyalty", (IN, Method.SFTP, PUSH))
    run_id = given.ended_run(desk, connection)
    file = given.file(desk, connection, "a.csv", state=FileState.COMPLETE, run_id=run_id, rows_errors=3)
    given.reject(
        desk,
        run_id,
        "a.csv",
        (2, "points", "x", "not_an_integer", "write digits only", "1,x"),
        (3, "points", "y", "not_an_integer", "write digits only", "2,y"),
        (4, None, None, "too_few_columns", "has 1 column instead of 2", "3"),
    )
    # when
    page = show("files_page.py", id=file.file_id)
    pills = next(group for group in page.button_group if group.key == f"file_reason_{file.file_id}")
    assert pills.options == ["Not an integer 2", "Too few columns 1"]
    pills.set_value(["too_few_columns"])
    # then
    assert not page.exception
    rows = view.rejected(desk, Caller("Ana Vos", Role.ANALYST), file.file_id, "too_few_columns")
    assert [row.line for row in rows] == [4]


def test_a_name_is_found_by_a_part_of_it_and_a_file_by_its_trace(desk: Desk) -> None:
    connection = given.connection(desk, "Loyalty", (IN, Method.SFTP, PUSH))
    buyers = given.file(desk, connection, "Buyers_1.csv")
    given.file(desk, connection, "other.csv")
    caller = Caller("Ana Vos", Role.ANALYST)

    for name in ("buyers", buyers.trace_id):
        found = view.listed(desk, caller, view.Asked(name=name))
        assert [line.file.name for line in found.lines] == ["Buyers_1.csv"]
        assert found.total == 1


def test_a_menu_offers_what_the_person_may_and_what_there_is(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    del admin
    connection = given.connection(desk, "Loyalty", (IN, Method.SFTP, PUSH))
    file = given.file(desk, connection, "a.csv")
    with desk.database.write("ctl") as cursor:
        answering.receipt(desk, cursor, connection, file)
        exchange.move(cursor, file.file_id, FileState.FAILED, reason="It is empty.", ended_at=clock.now())
    answering.result(desk, file.file_id)
    # when, then
    everything = ["Open", "Download original", "Receipt", "Result", "Import again"]
    assert labels(show("files_page.py")) == everything
    assert labels(show("files_page.py", Role.SUPPORT)) == [":material/open_in_new:"]


@pytest.mark.promise("T12")
def test_the_original_is_there_for_90_days_and_then_its_counts_alone(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    connection = given.connection(desk, "Loyalty", (IN, Method.SFTP, PUSH))
    content = b"id,name,points\n1,Ana,5\n"
    file = given.file(
        desk, connection, "a.csv", content, state=FileState.COMPLETE, rows_total=1, rows_ok=1,
        first_seen_at=clock.now() - timedelta(days=89),
    )  # fmt: skip
    assert labels(show("files_page.py")) == ["Open", "Download original"]
    name, path = actions.original(desk, admin, file.file_id)
    assert (name, path.read_bytes()) == ("a.csv", content)
    # when: the daily tidying came by
    with desk.database.write("ctl") as cursor:
        exchange.forget_content(cursor, file.file_id, clock.now())
    page = show("files_page.py", id=file.file_id)
    # then
    assert not page.exception
    assert labels(page) == [":material/open_in_new:"]
    assert list(page.dataframe[0].value["Total"]) == [1]
    assert any(caption.value.startswith("Content removed") for caption in page.caption)


def test_support_sees_names_masked_and_downloads_nothing(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    del admin
    connection = given.connection(desk, "Loyalty", (IN, Method.SFTP, PUSH))
    file = given.file(desk, connection, "ana.vos@example.org_31612345678.csv", state=FileState.COMPLETE)
    # when
    page = show("files_page.py", Role.SUPPORT, id=file.file_id)
    # then
    assert not page.exception
    shown = page.dataframe[0].value["Name"][0]
    assert "ana.vos@example.org" not in shown and "31612345678" not in shown
    assert not page.get("download_button")


def test_a_partner_sees_its_own_files_alone(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    del admin
    assert not show("files_page.py", Role.PARTNER).exception
    owner = Caller("partner person", Role.PARTNER, "p9")
    own = given.connection(desk, "Own", (IN, Method.SFTP, PUSH), owner_id="p9")
    other = given.connection(desk, "Other", (IN, Method.SFTP, PUSH), owner_id="p1")
    given.file(desk, own, "own.csv")
    hidden = given.file(desk, other, "other.csv")
    # when
    found = view.listed(desk, owner, view.Asked())
    # then
    assert [line.file.name for line in found.lines] == ["own.csv"]
    assert found.choices == ((own.connection_id, "Own"),)
    assert sum(found.counts.values()) == 1
    with pytest.raises(Exception, match="There is no file"):
        view.page(desk, owner, hidden.file_id)
    with pytest.raises(Exception, match="not there any more"):
        actions.original(desk, owner, hidden.file_id)


def test_the_drawer_says_where_the_answers_went(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    del admin
    connection = given.connection(desk, "Loyalty", (IN, Method.SFTP, PUSH))
    file = given.file(desk, connection, "a.csv")
    with desk.database.write("ctl") as cursor:
        answering.receipt(desk, cursor, connection, file)
    given.work(desk)
    # when
    page = show("files_page.py", id=file.file_id)
    # then
    assert not page.exception
    assert "to the login's own folder" in [caption.value for caption in page.caption]
    assert any("Sent" in line.value and "Receipt" in line.value for line in page.markdown)
    assert any(file.trace_id in str(table.value) for table in page.table)


def test_what_the_address_asks_for_is_read_and_nonsense_is_not() -> None:
    assert files_page.asked_of("out", "failed", "", "x") == view.Asked(Direction.OUTBOUND, FileState.FAILED, None, "x")
    assert files_page.asked_of("sideways", "odd", "", "") == view.Asked()


def test_a_file_that_went_out_can_be_sent_again_where_it_failed(desk: Desk, admin: Caller, show: Show) -> None:
    del admin
    connection = given.connection(desk, "Ads", (OUT, Method.SFTP, PULL))
    given.file(desk, connection, "sent.csv", state=FileState.FAILED, reason="No such folder.")

    assert labels(show("files_page.py")) == ["Open", "Download original", "Send again"]
    assert files_table.SEND_AGAIN.endswith("Send again")
