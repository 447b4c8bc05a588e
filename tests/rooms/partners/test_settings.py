"""What a configuration's form takes, and what sending reads from it."""

import pytest

from engine.partners import catalog, settings
from tests.fakes.partner import PARTNER, TOKEN, given

META = catalog.manifest_of(PARTNER)
BASE = "http://127.0.0.1:9099/meta"


def test_the_shortest_complete_entries_have_no_problem() -> None:
    assert settings.problems(META, {"access_token": TOKEN, "audience_id": "123"}) == {}


def test_all_entries_together_have_no_problem() -> None:
    # given
    full = given(
        BASE,
        identifier="EMAIL",
        ad_account_id="act_42",
        api_version="25.0",
        batch_size="1",
        timeout_s="0.5",
    )
    # when / then
    assert settings.problems(META, full) == {}


@pytest.mark.parametrize(
    ("field", "entry", "part"),
    [
        ("access_token", "", "Access token is missing"),
        ("access_token", "   ", "Access token is missing"),
        ("access_token", "two words", "holds a blank"),
        ("access_token", "tökén", "holds a blank or a letter"),
        ("access_token", "x" * 4_001, "longer than 4,000"),
        ("audience_id", "abc", "is not a number as Meta gives"),
        ("audience_id", "123\n456", "control character"),
        ("audience_id", "१२३", "is not a number"),
        ("identifier", "PHONE", "is none of EXTERN_ID, EMAIL"),
        ("ad_account_id", "act_", "with or without act_"),
        ("api_version", "v26", "a version such as 26.0"),
        ("batch_size", "0", "is not from 1 to 10,000"),
        ("batch_size", "10001", "is not from 1 to 10,000"),
        ("batch_size", "1.5", "is no whole number"),
        ("batch_size", "many", "is no whole number"),
        ("timeout_s", "0.1", "is not from 0.5 to 60"),
        ("timeout_s", "nan", "is no number"),
        ("timeout_s", "inf", "is no number"),
        ("base_url", "graph.facebook.com", "begins with http"),
        ("base_url", "ftp://graph.facebook.com", "begins with http"),
        ("base_url", "file:///etc/passwd", "begins with http"),
        ("base_url", "https://", "begins with http"),
        ("base_url", "https://host:99999/", "begins with http"),
        ("base_url", "https://[::1", "begins with http"),
        ("base_url", "https://a b/", "begins with http"),
        ("base_url", "https://me:secret@host/", "holds a user or a password"),
        ("base_url", "https://host/?x=1", "without ? and #"),
        ("colour", "red", "Meta has no setting colour"),
    ],
)
def test_what_cannot_be_used_is_said_at_its_field(field: str, entry: str, part: str) -> None:
    # given
    entries = given(BASE) | {field: entry}
    # when
    found = settings.problems(META, entries)
    # then
    assert list(found) == [field]
    assert part in found[field]
    assert found[field].endswith(".")


def test_a_problem_with_a_secret_does_not_repeat_it() -> None:
    # given
    entries = given("htps://me:canary@host", access_token="canary canary")
    # when / then
    assert "canary" not in " ".join(settings.problems(META, entries).values())


def test_secrets_are_parted_from_settings_and_blanks_fall_off() -> None:
    # given
    entries = given(f" {BASE} ", access_token=f"{TOKEN}\n", ad_account_id="  ")
    # when
    plain, secrets = settings.split(META, entries)
    # then
    assert plain == {"audience_id": "123", "base_url": BASE}
    assert secrets == {"access_token": TOKEN}


def test_without_entries_sending_goes_by_the_manifest() -> None:
    # given
    nothing: dict[str, str] = {}
    # when / then
    assert settings.identifier_form(META, nothing).wire == "EXTERN_ID"
    assert settings.batch_size(META, nothing) == 10_000
    assert settings.deadline_s(META, nothing) == 3.0


def test_entries_change_how_sending_goes() -> None:
    # given
    entries = {"identifier": "EMAIL", "batch_size": "250", "timeout_s": "0.75"}
    # when
    form = settings.identifier_form(META, entries)
    # then
    assert (form.wire, form.is_hashed, [step.value for step in form.normalise]) == ("EMAIL", True, ["trim", "lower"])
    assert settings.batch_size(META, entries) == 250
    assert settings.deadline_s(META, entries) == 0.75
