"""What may stand in one entry of the wizard, and which sentence says what is wrong with it."""

import pytest

from engine.base import limits
from engine.connections import fields


@pytest.mark.promise("W02")
@pytest.mark.parametrize("name", ["", "   ", "x" * (limits.NAME_CHARACTERS_MAX + 1), "two\nlines", " cd SHOP "])
def test_a_name_that_says_nothing_or_is_taken_is_refused(name: str) -> None:
    assert fields.name_problem(name, frozenset({"cd shop"})) is not None
    assert fields.credential_name_problem(name, frozenset({"cd shop"})) is not None


@pytest.mark.promise("W02")
def test_a_name_of_ones_own_is_accepted() -> None:
    assert fields.name_problem("CD shop purchases · NL", frozenset({"cd shop"})) is None
    assert fields.credential_name_problem("Download reports", frozenset({"cd shop"})) is None


@pytest.mark.promise("F05")
@pytest.mark.parametrize(("port", "is_right"), [(1, True), (22, True), (65_535, True), (0, False), (70_000, False)])
def test_a_port_is_one_to_65535(port: int, *, is_right: bool) -> None:
    assert (fields.port_problem(port) is None) is is_right


@pytest.mark.parametrize("port", [None, "22", True, 22.0])
def test_what_is_no_whole_number_is_no_port(port: object) -> None:
    assert fields.port_problem(port) is not None


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
    assert (fields.folder_problem(folder) is None) is is_right
    # A result folder may be left out (W31).
    assert (fields.result_folder_problem(folder) is None) is (is_right or not folder)


@pytest.mark.promise("W11")
@pytest.mark.parametrize(
    ("files", "is_right"),
    [("audiences_*.csv", True), ("members.csv", True), ("", False), (" ", False), ("in/*", False)],
)
def test_files_are_named_by_a_pattern_or_an_exact_name(files: str, *, is_right: bool) -> None:
    assert (fields.files_problem(files) is None) is is_right


@pytest.mark.parametrize(
    ("host", "is_right"),
    [
        ("sftp.brightside.example", True),
        ("203.0.113.20", True),
        ("2001:db8::1", True),
        ("::1", True),
        ("", False),
        ("sftp://x", False),
        ("a b", False),
        ("user@host", False),
    ],
)
def test_a_server_is_a_name_or_an_address(host: str, *, is_right: bool) -> None:
    assert (fields.host_problem(host) is None) is is_right


@pytest.mark.parametrize(
    ("minutes", "is_right"), [(None, True), (1, True), (10_080, True), (0, False), (10_081, False), (True, False)]
)
def test_a_schedule_is_a_minute_to_a_week(minutes: object, *, is_right: bool) -> None:
    assert (fields.minutes_problem(minutes) is None) is is_right


@pytest.mark.promise("W23")
@pytest.mark.parametrize(
    ("email", "is_right"),
    [
        ("results@example.org", True),
        ("a.b+c@mail.example.co.uk", True),
        ("ana@localhost", True),
        ("ana", False),
        ("ana@", False),
        ("@example.org", False),
        ("ana@-example.org", False),
        ("ana@example.org, ben@example.org", False),
        ("ana@exam ple.org", False),
        ("ana@example.org\nBcc: x@y.org", False),
        ("a" * 250 + "@example.org", False),
    ],
)
def test_a_return_address_is_an_e_mail_address_or_empty(email: str, *, is_right: bool) -> None:
    assert (fields.email_problem(email) is None) is is_right
    assert (fields.return_email_problem(email) is None) is is_right
    assert fields.return_email_problem("  ") is None


@pytest.mark.parametrize(
    ("recipients", "is_right"),
    [
        (["a@example.org"], True),
        (["a@example.org"] * limits.RECIPIENTS_MAX, True),
        ([], False),
        (["a@example.org", "nobody"], False),
        (["a@example.org"] * (limits.RECIPIENTS_MAX + 1), False),
        (None, False),
    ],
)
def test_mail_goes_to_one_or_more_addresses(recipients: object, *, is_right: bool) -> None:
    assert (fields.recipients_problem(recipients) is None) is is_right


@pytest.mark.parametrize(
    ("senders", "is_right"),
    [([], True), (None, True), (["a@example.org", "@example.org"], True), (["example.org"], False), (["@"], False)],
)
def test_a_sender_is_an_address_or_a_domain(senders: object, *, is_right: bool) -> None:
    assert (fields.senders_problem(senders) is None) is is_right


@pytest.mark.parametrize(("subject", "is_right"), [("Files", True), (" ", False), ("a\nb", False), ("x" * 201, False)])
def test_a_subject_is_one_line(subject: str, *, is_right: bool) -> None:
    assert (fields.subject_problem(subject) is None) is is_right


def test_a_certificate_may_be_left_to_authorities_but_a_host_key_not() -> None:
    key = "SHA256:" + "a" * 43
    assert fields.host_key_problem(key) is None
    assert fields.certificate_problem(key) is None
    assert fields.certificate_problem("") is None
    assert fields.host_key_problem("") is not None
    assert fields.certificate_problem("SHA256:short") is not None
