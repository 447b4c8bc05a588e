"""The wizard as a pure state machine: what each step refuses, which step may be shown, what a change drops."""

from typing import Any

import pytest

from engine.connections import wizard
from engine.connections.wizard import Known, Step
from storage.records.goals import PatternKind
from tests.rooms.connections import answers as given
from tests.rooms.connections.answers import KEY, WAYS, of

NOBODY = Known()
PULL = of("inbound", "sftp", "pull")


def test_a_new_draft_has_what_is_usual_and_chooses_no_way() -> None:
    # when
    answers = wizard.begin()
    # then
    assert answers["port"] == 22
    assert wizard.way(answers) is None
    assert wizard.first_incomplete(answers, NOBODY) is Step.DIRECTION


@pytest.mark.promise("W29")
@pytest.mark.promise("W30")
def test_tls_and_leaving_files_where_they_are_is_usual() -> None:
    assert wizard.begin()["plain_ftp"] is False
    assert wizard.begin()["delete_after_pull"] is False


@pytest.mark.promise("W01")
@pytest.mark.parametrize("way", WAYS)
def test_a_complete_draft_may_show_every_step_and_begins_at_review(way: tuple[str, str, str]) -> None:
    answers = of(*way)
    for step in Step:
        assert wizard.problems(answers, step, NOBODY) == {}
        assert wizard.allowed_step(answers, step.value, NOBODY) is step
    assert wizard.allowed_step(answers, None, NOBODY) is Step.REVIEW
    assert wizard.allowed_step(answers, "nonsense", NOBODY) is Step.REVIEW


@pytest.mark.promise("W01")
@pytest.mark.parametrize("way", WAYS)
def test_what_a_way_needs_cannot_be_left_out(way: tuple[str, str, str]) -> None:
    # given
    answers = of(*way)
    chosen = wizard.way(answers)
    assert chosen is not None
    stored = {"secret": "has_secret", "provisioned": "shown_at"}
    for field in set(chosen.given) - chosen.optional:
        # when
        left_out = {name: value for name, value in answers.items() if name != stored.get(field, field)}
        # then
        step = Step.METHOD if field in chosen.place else Step.CREDENTIALS
        assert field in wizard.problems(left_out, step, NOBODY)
        assert wizard.allowed_step(left_out, "Review", NOBODY) is step


@pytest.mark.promise("W01")
@pytest.mark.parametrize(
    ("missing", "step"),
    [("name", Step.DIRECTION), ("direction", Step.DIRECTION), ("data_type", Step.TYPE), ("method", Step.METHOD)],
)
def test_a_step_with_something_missing_cannot_be_passed(missing: str, step: Step) -> None:
    answers = {name: value for name, value in PULL.items() if name != missing}
    assert wizard.first_incomplete(answers, NOBODY) is step
    assert wizard.allowed_step(answers, "Review", NOBODY) is step


@pytest.mark.promise("W12")
@pytest.mark.parametrize("methodology", ["push", "pull"])
def test_e_mail_needs_a_pattern(methodology: str) -> None:
    answers = of("inbound", "email", methodology) | {"files": " "}
    assert wizard.problems(answers, Step.METHOD, NOBODY) == {"files": "E-mail needs a pattern, e.g. audiences_*.csv."}


def test_a_hosted_folder_takes_every_file_where_no_pattern_is_given() -> None:
    answers = of("inbound", "sftp", "push") | {"files": ""}
    assert wizard.problems(answers, Step.METHOD, NOBODY) == {}


@pytest.mark.promise("W31")
def test_a_result_folder_is_absolute_or_empty() -> None:
    assert wizard.problems(PULL | {"result_folder": ""}, Step.METHOD, NOBODY) == {}
    assert wizard.problems(PULL | {"result_folder": "/results"}, Step.METHOD, NOBODY) == {}
    assert "result_folder" in wizard.problems(PULL | {"result_folder": "results"}, Step.METHOD, NOBODY)


def test_patterns_and_servers_are_judged_by_whoever_knows() -> None:
    # given
    known = Known(
        pattern_problem=lambda pattern, kind: f"no {kind} {pattern}",
        host_refusal=lambda host, port: f"no {host}:{port}",
    )
    # then
    regex = PULL | {"files_kind": PatternKind.REGEX.value}
    assert wizard.problems(regex, Step.METHOD, known) == {
        "host": "no files.brightside.example:22",
        "files": "no regex purchases_*.csv",
    }


@pytest.mark.promise("W16")
def test_existing_credentials_are_chosen_among_those_that_fit() -> None:
    # given
    answers = PULL | {"credential_choice": "existing", "credential_id": "c1", "has_secret": False}
    # then
    assert wizard.shown(answers, Step.CREDENTIALS) == ("credential_choice", "credential_id", "host_key")
    assert wizard.problems(answers, Step.CREDENTIALS, Known(credential_ids=frozenset({"c1"}))) == {}
    assert "credential_id" in wizard.problems(answers, Step.CREDENTIALS, NOBODY)


@pytest.mark.promise("W18")
def test_new_credentials_want_a_name_of_their_own() -> None:
    known = Known(credential_names=frozenset({"cd shop"}))
    assert "credential_name" in wizard.problems(PULL, Step.CREDENTIALS, known)
    assert "credential_name" in wizard.problems(PULL | {"credential_name": ""}, Step.CREDENTIALS, NOBODY)


@pytest.mark.promise("W19")
def test_partners_sign_in_with_a_password_a_pasted_key_or_a_pair_made_here() -> None:
    hosted = of("inbound", "sftp", "push")
    assert wizard.kinds(hosted) == ("password", "public_key", "made_key")
    assert "public_key" not in wizard.shown(hosted, Step.CREDENTIALS)
    assert "public_key" in wizard.shown(hosted | {"credential_kind": "public_key"}, Step.CREDENTIALS)
    assert wizard.kinds(of("outbound", "ftp", "pull")) == ("password",)


@pytest.mark.promise("W28")
def test_what_we_sign_in_with_is_entered() -> None:
    assert wizard.kinds(PULL) == ("password", "private_key", "made_key")
    assert {"host", "port"} < set(wizard.shown(PULL, Step.METHOD))
    assert {"username", "secret"} < set(wizard.shown(PULL, Step.CREDENTIALS))


def test_plain_ftp_has_no_certificate_to_confirm() -> None:
    plain = of("inbound", "ftp", "pull") | {"plain_ftp": True}
    assert "host_key" not in wizard.shown(plain, Step.CREDENTIALS)


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"folder": "/elsewhere"}, True),
        ({"host": "FILES.brightside.example "}, True),
        ({"host": "sftp.other.example"}, False),
        ({"port": 2222}, False),
        ({"method": "ftp"}, False),
        ({"direction": "outbound", "methodology": "push"}, True),
        ({"methodology": "push"}, False),
        ({"credential_kind": "private_key"}, False),
    ],
)
def test_a_secret_is_for_one_server_and_one_way(changes: dict[str, Any], *, kept: bool) -> None:
    # when
    after, drops_secret = wizard.changed(PULL, changes)
    # then
    assert (drops_secret, after["has_secret"]) == (not kept, kept)


def test_another_server_drops_its_host_key_and_the_credentials_that_were_chosen() -> None:
    # given
    chosen = PULL | {"credential_choice": "existing", "credential_id": "c1"}
    # when
    after, _ = wizard.changed(chosen, {"host": "sftp.other.example"})
    # then
    assert (after["host_key"], after["credential_id"], after["credential_choice"]) == ("", None, "new")
    # and what is given at once stays
    assert wizard.changed(chosen, {"host": "sftp.other.example", "host_key": KEY})[0]["host_key"] == KEY


def test_another_method_brings_its_port_and_a_folder_that_fits() -> None:
    # when
    mail, _ = wizard.changed(PULL, {"method": "email"})
    back, _ = wizard.changed(mail, {"method": "ftp"})
    # then
    assert (mail["port"], mail["folder"], mail["host"]) == (993, "INBOX", PULL["host"])
    assert (back["port"], back["folder"]) == (21, "")


def test_the_direction_decides_which_methodologies_are_left() -> None:
    # when
    out, _ = wizard.changed(PULL, {"direction": "outbound"})
    mail, _ = wizard.changed(out, {"method": "email"})
    # then
    assert out["methodology"] is None
    assert mail["methodology"] == "push"


def test_what_was_made_for_partners_goes_with_the_way() -> None:
    # given
    hosted = of("inbound", "sftp", "push")
    # when
    after, drops_secret = wizard.changed(hosted, {"methodology": "pull"})
    # then
    assert drops_secret
    assert (after["username"], after["shown_at"]) == ("", None)


def test_another_public_key_is_made_anew() -> None:
    # given
    pasted = of("inbound", "sftp", "push") | {"credential_kind": "public_key", "public_key": "ssh-ed25519 A"}
    # when
    after, drops_secret = wizard.changed(pasted, {"public_key": "ssh-ed25519 B"})
    # then
    assert drops_secret
    assert (after["public_key"], after["shown_at"]) == ("ssh-ed25519 B", None)


def test_the_name_of_the_credentials_follows_the_connections_until_it_has_its_own() -> None:
    # when
    first, _ = wizard.changed(wizard.begin(), {"name": "Loyalty"})
    second, _ = wizard.changed(first, {"name": "Loyalty NL"})
    own, _ = wizard.changed(second, {"credential_name": "Drop"})
    third, _ = wizard.changed(own, {"name": "Loyalty BE"})
    # then
    assert [item["credential_name"] for item in (first, second, third)] == ["Loyalty", "Loyalty NL", "Drop"]


def test_a_draft_of_an_earlier_version_goes_on() -> None:
    # given: it knew one way, and called the kind by another name
    old = {"name": "Shop", "direction": "inbound", "secret_kind": "private_key", "has_secret": True}
    # when
    found = wizard.renewed(old)
    # then
    assert found["credential_kind"] == "private_key"
    assert found["credential_choice"] == "new"
    assert "secret_kind" not in found
    assert given.BASE["files_kind"] == found["files_kind"]
