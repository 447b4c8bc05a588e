"""The wizard as a pure state machine: the eleven ways, what each step refuses, and which step may be shown."""

from typing import Any

import pytest

from engine.base import limits
from engine.connections import matrix, wizard
from engine.connections.wizard import Step
from storage.records.connections import DataType, Direction, Method, Methodology

KEY = "SHA256:" + "a" * 43
COMPLETE: dict[str, Any] = {
    "name": "CD shop",
    "direction": "inbound",
    "data_type": "audiences",
    "method": "sftp",
    "methodology": "pull",
    "host": "sftp.brightside.example",
    "port": 22,
    "folder": "/outgoing",
    "files": "purchases_*.csv",
    "every_minutes": None,
    "username": "shop",
    "secret_kind": "password",
    "has_secret": True,
    "host_key": KEY,
}
NOBODY: frozenset[str] = frozenset()
SERVER = "host port username secret host_key folder"
FTP_SERVER = "host port username secret folder"
WAYS = {
    # way: (a person must give, a person may give, Handoff provides)
    ("inbound", "email", "push"): ("files", "return_email", "address"),
    ("inbound", "sftp", "push"): ("", "files public_key", "host port host_key username password"),
    ("inbound", "ftp", "push"): ("", "files", "host port username password"),
    ("inbound", "email", "pull"): ("host port username secret folder files", "", ""),
    ("inbound", "sftp", "pull"): (f"{SERVER} files", "every_minutes", ""),
    ("inbound", "ftp", "pull"): (f"{FTP_SERVER} files", "every_minutes", ""),
    ("outbound", "sftp", "pull"): ("", "public_key", "host port host_key username password folder"),
    ("outbound", "ftp", "pull"): ("", "", "host port username password folder"),
    ("outbound", "email", "push"): ("recipients subject", "", ""),
    ("outbound", "sftp", "push"): (SERVER, "", ""),
    ("outbound", "ftp", "push"): (FTP_SERVER, "", ""),
}


@pytest.mark.promise("A04")
@pytest.mark.parametrize("way", [(d, m, h) for d in Direction for m in Method for h in Methodology])
def test_each_way_needs_its_own_details_and_says_who_gives_them(way: tuple[Direction, Method, Methodology]) -> None:
    # given
    expected = WAYS.get((way[0].value, way[1].value, way[2].value))
    # when
    found = matrix.WAYS.get(way)
    # then
    if expected is None:
        assert way == (Direction.OUTBOUND, Method.EMAIL, Methodology.PULL)
        assert found is None
        return
    assert found is not None
    required, optional, provided = (set(words.split()) for words in expected)
    assert set(found.given) - found.optional == required
    assert found.optional == optional
    assert set(found.provided) == provided


@pytest.mark.promise("A04")
def test_only_what_is_built_is_offered_and_never_the_impossible_way() -> None:
    assert matrix.directions() == (Direction.INBOUND,)
    assert matrix.methods(Direction.INBOUND) == (Method.SFTP,)
    assert matrix.methodologies(Direction.INBOUND, Method.SFTP) == (Methodology.PULL,)
    assert matrix.methods(Direction.OUTBOUND) == ()
    assert matrix.methodologies(Direction.OUTBOUND, Method.EMAIL) == ()
    assert set(matrix.data_types(Direction.INBOUND)) == {
        DataType.AUDIENCES,
        DataType.IDENTITIES,
        DataType.CARD_LINKED_TRANSACTIONS,
    }


def test_a_new_draft_has_what_leaves_no_choice() -> None:
    # when
    answers = wizard.begin()
    # then
    assert (answers["direction"], answers["method"], answers["methodology"]) == ("inbound", "sftp", "pull")
    assert answers["port"] == 22
    assert wizard.first_incomplete(answers, NOBODY) is Step.DIRECTION


@pytest.mark.promise("W01")
@pytest.mark.parametrize(
    ("missing", "step"),
    [
        ("name", Step.DIRECTION),
        ("direction", Step.DIRECTION),
        ("data_type", Step.TYPE),
        ("method", Step.METHOD),
        ("host", Step.METHOD),
        ("port", Step.METHOD),
        ("folder", Step.METHOD),
        ("files", Step.METHOD),
        ("username", Step.CREDENTIALS),
        ("has_secret", Step.CREDENTIALS),
        ("host_key", Step.CREDENTIALS),
    ],
)
def test_a_step_with_something_missing_cannot_be_passed(missing: str, step: Step) -> None:
    # given
    answers = {name: value for name, value in COMPLETE.items() if name != missing}
    # then
    assert wizard.first_incomplete(answers, NOBODY) is step
    assert wizard.allowed_step(answers, "Review", NOBODY) is step
    assert wizard.problems(answers, step, NOBODY)


@pytest.mark.promise("W01")
def test_a_complete_draft_may_show_every_step_and_begins_at_review() -> None:
    for step in Step:
        assert wizard.allowed_step(COMPLETE, step.value, NOBODY) is step
        assert wizard.problems(COMPLETE, step, NOBODY) == {}
    assert wizard.allowed_step(COMPLETE, None, NOBODY) is Step.REVIEW
    assert wizard.allowed_step(COMPLETE, "nonsense", NOBODY) is Step.REVIEW


@pytest.mark.promise("W02")
@pytest.mark.parametrize("name", ["", "   ", "x" * (limits.NAME_CHARACTERS_MAX + 1), "two\nlines", " cd SHOP "])
def test_a_name_that_says_nothing_or_is_taken_is_refused(name: str) -> None:
    assert wizard.name_problem(name, frozenset({"cd shop"})) is not None


@pytest.mark.promise("W02")
def test_a_name_of_ones_own_is_accepted() -> None:
    assert wizard.name_problem("CD shop purchases · NL", frozenset({"cd shop"})) is None


@pytest.mark.promise("F05")
@pytest.mark.parametrize(("port", "is_right"), [(1, True), (22, True), (65_535, True), (0, False), (70_000, False)])
def test_a_port_is_one_to_65535(port: int, *, is_right: bool) -> None:
    assert (wizard.port_problem(port) is None) is is_right


@pytest.mark.parametrize("port", [None, "22", True, 22.0])
def test_what_is_no_whole_number_is_no_port(port: object) -> None:
    assert wizard.port_problem(port) is not None


@pytest.mark.promise("W10")
@pytest.mark.parametrize(
    ("folder", "is_right"),
    [
        ("/home/AcmeAdvertiser/Conversions", True),
        ("/", True),
        ("/a..b", True),
        ("relative/x", False),
        ("", False),
        ("/in/../out", False),
        ("/..", False),
        ("/in\n", False),
    ],
)
def test_a_folder_is_absolute(folder: str, *, is_right: bool) -> None:
    assert (wizard.folder_problem(folder) is None) is is_right


@pytest.mark.promise("W11")
@pytest.mark.parametrize(
    ("files", "is_right"),
    [("audiences_*.csv", True), ("members.csv", True), ("", False), (" ", False), ("in/*", False)],
)
def test_files_are_named_by_a_pattern_or_an_exact_name(files: str, *, is_right: bool) -> None:
    assert (wizard.files_problem(files) is None) is is_right


@pytest.mark.parametrize(
    ("host", "is_right"),
    [
        ("sftp.brightside.example", True),
        ("203.0.113.20", True),
        ("2001:db8::1", True),
        ("", False),
        ("sftp://x", False),
        ("a b", False),
        ("user@host", False),
    ],
)
def test_a_server_is_a_name_or_an_address(host: str, *, is_right: bool) -> None:
    assert (wizard.host_problem(host) is None) is is_right


@pytest.mark.parametrize(
    ("minutes", "is_right"), [(None, True), (1, True), (10_080, True), (0, False), (10_081, False), (True, False)]
)
def test_a_schedule_is_a_minute_to_a_week(minutes: object, *, is_right: bool) -> None:
    assert (wizard.minutes_problem(minutes) is None) is is_right


@pytest.mark.promise("W34")
def test_the_review_lists_every_value_and_no_secret() -> None:
    # given
    answers = {**COMPLETE, "every_minutes": 15}
    # when
    lines = {line.label: line.value for line in wizard.review(answers)}
    # then
    assert lines == {
        "Name": "CD shop",
        "Direction": "Give data to us (in)",
        "Data type": "Audiences",
        "Method": "SFTP",
        "Methodology": "Pull from third party",
        "Server": "sftp.brightside.example:22",
        "Folder": "/outgoing",
        "File pattern": "purchases_*.csv",
        "Schedule": "Every 15 minutes",
        "User name": "shop",
        "Password": "set, not shown",
        "Host key": KEY,
    }
    assert {line.origin for line in wizard.review(answers)} == {"Given by you"}
    assert wizard.summary(answers, Step.METHOD) == (
        "SFTP · Pull from third party · sftp.brightside.example:22 · /outgoing/purchases_*.csv"
    )
