"""What the wizard says: a line a step, the review with who gave what, and the address as a URI."""

import dataclasses

import pytest

from engine.base import clock
from engine.connections import telling, wizard
from engine.connections.telling import GIVEN, PROVIDED, Ours
from engine.connections.wizard import Step
from engine.security import provisioning
from storage.records.connections import Direction, Method, Methodology
from storage.records.credentials import Credential, CredentialKind, Origin
from tests.rooms.connections.answers import KEY, WAYS, of

OURS = Ours("drop.example.org", "203.0.113.7", 2222, KEY, "/cd-shop", "in-abc@drop.example.org")


def credential(method: Method, origin: Origin, kind: CredentialKind, **changes: object) -> Credential:
    now = clock.now()
    values: dict[str, object] = {
        "credential_id": "c1",
        "name": "Reports",
        "method": method,
        "origin": origin,
        "kind": kind,
        "username": "reports",
        "host": "",
        "port": 0,
        "public_keys": (),
        "password_hash": "",
        "return_email": "",
        "version": 1,
        "owner_id": None,
        "shown_at": None,
        "last_used_at": None,
        "created_at": now,
        "changed_at": now,
    }
    return Credential(**{**values, **changes})  # type: ignore[arg-type]  # a test's own values


@pytest.mark.promise("W34")
def test_the_review_lists_every_value_and_no_secret() -> None:
    # given
    answers = of("inbound", "sftp", "pull") | {"every_minutes": 15, "result_folder": "/results"}
    # when
    lines = telling.review(answers, Ours())
    # then
    assert {line.label: line.value for line in lines} == {
        "Name": "CD shop",
        "Direction": "Give data to us (in)",
        "Data type": "Audiences",
        "Method": "SFTP",
        "Methodology": "Pull from third party",
        "Server": "files.brightside.example:22",
        "Folder": "/outgoing",
        "File pattern": "purchases_*.csv",
        "Delete after pull": "No",
        "Result folder": "/results",
        "Schedule": "Every 15 minutes",
        "Credentials": "CD shop",
        "User name": "shop",
        "Password": "set, not shown",
        "Host key": KEY,
    }
    assert {line.origin for line in lines} == {GIVEN}


@pytest.mark.promise("W34")
def test_the_review_of_a_hosted_folder_says_what_handoff_provides() -> None:
    # when
    lines = telling.review(of("inbound", "sftp", "push"), OURS)
    # then
    provided = {line.label: line.value for line in lines if line.origin == PROVIDED}
    assert provided == {
        "Schedule": "On arrival",
        "Server": "drop.example.org:2222",
        "Host key": KEY,
        "Folder": "/cd-shop",
        "User name": "cdshop-abcdefghjk",
        "Password": "set, not shown",
    }
    assert ("File pattern", "every file", GIVEN) in {(line.label, line.value, line.origin) for line in lines}


@pytest.mark.promise("W25")
@pytest.mark.parametrize(("email", "said"), [("", "none"), ("results@example.org", "results@example.org")])
def test_the_review_of_mail_says_address_and_return_address(email: str, said: str) -> None:
    # when
    answers = of("inbound", "email", "push") | {"return_email": email}
    lines = {line.label: line.value for line in telling.review(answers, OURS)}
    # then
    assert (lines["Address"], lines["Return e-mail"]) == ("in-abc@drop.example.org", said)
    assert lines["Allowed senders"] == "anybody who knows the address"


PUBLIC = provisioning.public_line(provisioning.new_pair("theirs")[1])
ENTERED = {
    "name": ("Autumn", "Autumn"),
    "host": ("other.example", "other.example"),
    "port": (4022, ":4022"),
    "folder": ("/elsewhere", "/elsewhere"),
    "files": ("autumn_?.csv", "autumn_?.csv"),
    "files_kind": ("regex", "File pattern (regular expression)"),
    "plain_ftp": (True, "None: plain FTP"),
    "delete_after_pull": (True, "Delete after pull: Yes"),
    "result_folder": ("/answers", "/answers"),
    "every_minutes": (35, "35 minutes"),
    "recipients": (["ben@example.org", "cas@example.org"], "cas@example.org"),
    "subject": ("Leaves", "Leaves"),
    "allowed_senders": (["@autumn.example"], "@autumn.example"),
    "credential_name": ("Autumn login", "Autumn login"),
    "username": ("otto", "otto"),
    "host_key": ("SHA256:" + "b" * 43, "SHA256:" + "b" * 43),
    "return_email": ("back@example.org", "back@example.org"),
    "credential_kind": ("public_key", "Public key"),
    "public_key": (PUBLIC, f"Public key: {provisioning.fingerprint(PUBLIC)}"),
}
"""An unusual value of each entry, and what has to stand in the review for it."""
UNSAID = {"method", "methodology", "credential_choice", "secret", "provisioned"}
"""What chooses the way, which other tests look at, and what is never shown."""


@pytest.mark.promise("W34")
@pytest.mark.parametrize("is_plain", [True, False])
@pytest.mark.parametrize("way", WAYS)
def test_whatever_was_entered_is_in_the_review(way: tuple[str, str, str], *, is_plain: bool) -> None:
    # given: each entry that this way shows has a value that no other has
    answers = of(*way) | {field: value for field, (value, _) in ENTERED.items()} | {"plain_ftp": is_plain}
    if not wizard.is_hosted(answers):
        answers["credential_kind"] = "password"
    asked = {"name", *wizard.shown(answers, Step.METHOD), *wizard.shown(answers, Step.CREDENTIALS)} - UNSAID
    words = {field: ENTERED[field][1] for field in asked}
    words |= {"plain_ftp": "None: plain FTP" if is_plain else "TLS (FTPS)"} if "plain_ftp" in asked else {}
    words |= {"credential_kind": "Password"} if not wizard.is_hosted(answers) and "credential_kind" in asked else {}
    # when
    said = "\n".join(f"{line.label}: {line.value}" for line in telling.review(answers, OURS))
    # then
    assert {field for field, word in words.items() if word not in said} == set()


def test_existing_credentials_are_named_with_their_user() -> None:
    # given
    chosen = credential(Method.EMAIL, Origin.ENTERED, CredentialKind.PASSWORD, return_email="a@example.org")
    answers = of("inbound", "email", "pull") | {"credential_choice": "existing", "credential_id": "c1"}
    # when
    lines = {line.label: line.value for line in telling.review(answers, Ours(), chosen)}
    # then
    assert (lines["Credentials"], lines["User name"], lines["Password"]) == ("Reports", "reports", "set, not shown")
    assert (lines["Return e-mail"], lines["Certificate"]) == ("a@example.org", "by authority")
    assert telling.summary(answers, Step.CREDENTIALS, chosen) == "Reports · reports"


def test_an_existing_key_of_a_login_is_told_by_its_fingerprint() -> None:
    # given
    chosen = credential(Method.SFTP, Origin.PROVISIONED, CredentialKind.PUBLIC_KEY, public_keys=(PUBLIC,))
    answers = of("inbound", "sftp", "push") | {"credential_choice": "existing", "credential_id": "c1"}
    # when
    lines = {line.label: line.value for line in telling.review(answers, OURS, chosen)}
    # then
    assert lines["Public key"] == provisioning.fingerprint(PUBLIC)


def test_a_done_step_says_itself_in_a_line() -> None:
    pull, push = of("inbound", "sftp", "pull"), of("outbound", "email", "push")
    assert telling.summary(pull, Step.METHOD) == (
        "SFTP · Pull from third party · files.brightside.example:22 · /outgoing/purchases_*.csv"
    )
    assert telling.summary(push, Step.METHOD) == "Email · Push to partner · a@example.org"
    assert telling.summary(push, Step.CREDENTIALS) == "None needed"
    assert telling.summary(of("inbound", "sftp", "push"), Step.CREDENTIALS) == "cdshop-abcdefghjk · password"


@pytest.mark.promise("W08")
@pytest.mark.promise("W09")
def test_who_starts_is_said_from_the_persons_side() -> None:
    said = {(d, m): telling.methodology_word(d, m) for d in Direction for m in Methodology}
    assert said == {
        (Direction.INBOUND, Methodology.PUSH): "Push to us",
        (Direction.INBOUND, Methodology.PULL): "Pull from third party",
        (Direction.OUTBOUND, Methodology.PULL): "Pull from us",
        (Direction.OUTBOUND, Methodology.PUSH): "Push to partner",
    }


@pytest.mark.promise("W36")
@pytest.mark.parametrize(
    ("way", "changes", "uri"),
    [
        (("inbound", "sftp", "pull"), {}, "sftp://shop@files.brightside.example:22/outgoing"),
        (("inbound", "ftp", "pull"), {}, "ftps://shop@files.brightside.example:21/outgoing"),
        (("inbound", "ftp", "pull"), {"plain_ftp": True}, "ftp://shop@files.brightside.example:21/outgoing"),
        (("inbound", "email", "pull"), {}, "imaps://shop@files.brightside.example:993/INBOX"),
        (("inbound", "sftp", "push"), {}, "sftp://cdshop-abcdefghjk@drop.example.org:2222/cd-shop"),
        (("outbound", "ftp", "pull"), {}, "ftps://cdshop-abcdefghjk@drop.example.org:2222/cd-shop"),
        (("inbound", "email", "push"), {}, "mailto:in-abc@drop.example.org"),
        (("outbound", "email", "push"), {}, "mailto:a@example.org"),
        (("inbound", "sftp", "pull"), {"host": "2001:db8::1"}, "sftp://shop@[2001:db8::1]:22/outgoing"),
        (("outbound", "sftp", "push"), {"username": "a@b", "host": "h"}, "sftp://a%40b@h:22/outgoing"),
    ],
)
def test_a_way_leads_to_a_uri(way: tuple[str, str, str], changes: dict[str, object], uri: str) -> None:
    assert telling.uri_of(of(*way) | changes, OURS) == uri


def test_a_port_that_is_not_known_yet_is_not_named() -> None:
    # given a free port will be taken once somebody may sign in
    ours = dataclasses.replace(OURS, port=0)
    # then
    assert telling.uri_of(of("inbound", "sftp", "push"), ours) == "sftp://cdshop-abcdefghjk@drop.example.org/cd-shop"
    said = {line.label: line.value for line in telling.review(of("inbound", "sftp", "push"), ours)}
    assert said["Server"] == "drop.example.org"


@pytest.mark.parametrize(
    ("way", "minutes", "said"),
    [
        (("inbound", "sftp", "pull"), None, "Only by Run now"),
        (("inbound", "sftp", "pull"), 1, "Every minute"),
        (("outbound", "sftp", "push"), None, "As files are sent"),
        (("outbound", "email", "push"), 15, "Every 15 minutes"),
    ],
)
def test_the_review_says_when_it_runs(way: tuple[str, str, str], minutes: int | None, said: str) -> None:
    lines = telling.review(of(*way) | {"every_minutes": minutes}, OURS)
    assert [line.value for line in lines if line.label == "Schedule"] == [said]


def test_nothing_chosen_leads_nowhere() -> None:
    assert telling.uri_of(wizard.begin(), OURS) == ""
