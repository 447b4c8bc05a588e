"""Apply and export of all eleven ways: what is made is told once, and what was exported comes back byte for byte."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import verbs
from engine.actions import wanted_yaml
from engine.base.errors import BadInput
from engine.flows.desk import Desk
from engine.security import provisioning
from storage.records.people import Caller, Role
from tests.fakes.home import open_home
from tests.fakes.wizards import KEY, accounts, count

CLI = Caller("cli:tester", Role.ADMIN)
GIVEN = "a-password-of-a-partner-1"
GOAL = {
    "files": "*.csv",
    "identifiers": [{"field": "id", "property": "customer_id"}],
    "create_profiles": True,
}
SERVER = {"host": "files.example.org", "username": "shop", "password": "entered-s3cret"}


def connection(name: str, direction: str, method: str, methodology: str, **more: Any) -> dict[str, Any]:
    """One connection of a file, as short as it can be."""
    base = {"name": name, "direction": direction, "data_type": "audiences", "method": method}
    return {**base, "methodology": methodology, "state": "on", **more}


def goal(**more: Any) -> list[dict[str, Any]]:
    return [{"import": {**GOAL, **more}}]


def everything() -> list[dict[str, Any]]:
    """One connection or more of each way."""
    _, line = provisioning.new_pair("theirs")
    return [
        connection(
            "1 pull",
            "inbound",
            "sftp",
            "pull",
            server={**SERVER, "host_key": KEY},
            goals=goal(folder="/out"),
            delete_after_pull=True,
            result_folder="/results",
            schedule={"every_minutes": 5},
        ),
        connection("2 pull", "inbound", "ftp", "pull", server={**SERVER, "plain": True}, goals=goal(folder="/out")),
        connection(
            "3 pull",
            "inbound",
            "email",
            "pull",
            server=SERVER,
            return_email="results@example.org",
            goals=goal(folder="INBOX"),
        ),
        connection("4 push", "inbound", "sftp", "push", goals=goal()),
        connection(
            "5 push",
            "inbound",
            "sftp",
            "push",
            login={"public_key": line},
            goals=[
                {"import": {"files_regex": r"a\d+\.csv", "identifiers": GOAL["identifiers"], "create_profiles": True}}
            ],
        ),
        connection("6 push", "inbound", "ftp", "push", login={"username": "six", "password": GIVEN}, goals=goal()),
        connection("7 push", "inbound", "email", "push", allowed_senders=["@example.org"], goals=goal()),
        connection("8 out", "outbound", "sftp", "pull", credentials="4 push"),
        connection("9 out", "outbound", "ftp", "pull", login={}, state="off"),
        connection("a out", "outbound", "sftp", "push", server={**SERVER, "host_key": KEY}, folder="/in"),
        connection("b out", "outbound", "ftp", "push", server={**SERVER, "host_key": KEY}, folder="/in"),
        connection("c out", "outbound", "email", "push", recipients=["a@example.org"], subject="Files"),
        connection(
            "d pull",
            "inbound",
            "sftp",
            "pull",
            server={**SERVER, "host_key": KEY},
            credentials="1 pull",
            goals=goal(folder="/other"),
        ),
    ]


def apply(desk: Desk, *connections: dict[str, Any]) -> dict[str, Any]:
    """Apply connections; return the lines of the difference by their names."""
    changes = verbs.do(desk, CLI, "apply", {"wanted": {"connections": list(connections)}})["changes"]
    return {change["name"]: change for change in changes}


def export_text(desk: Desk) -> str:
    return wanted_yaml.text_of(verbs.do(desk, CLI, "export", {}))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_home(tmp_path / "home") as opened:
        yield opened


@pytest.fixture(autouse=True)
def home_folder(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(exist_ok=True)


def test_all_ways_come_back_byte_for_byte_and_no_secret_is_in_the_file(tmp_path: Path, desk: Desk) -> None:
    # given
    made = everything()
    apply(desk, *made)
    text = export_text(desk)
    assert count(desk, "connection") == len(made)
    assert not [secret for secret in ("entered-s3cret", GIVEN, "sha256$") if secret in text]
    # when: another home, and the variables that the file names
    path = tmp_path / "export.yaml"
    path.write_text(text)
    names = set(re.findall(r"\$\{(\w+)\}", text))
    assert names >= {"_1_PULL_PASSWORD", "_4_PUSH_PASSWORD", "_6_PUSH_PASSWORD"}
    found = wanted_yaml.load(path, {name: f"value-of-{name}-and-some-more" for name in names})
    (tmp_path / "other").mkdir()
    with open_home(tmp_path / "other") as other:
        verbs.do(other, CLI, "apply", {"wanted": found})
        # then
        assert export_text(other) == text
        assert {account.username for account in accounts(other).accounts} == {
            account.username for account in accounts(desk).accounts
        }
        assert {box.local_part for box in accounts(other).mailboxes} == {
            box.local_part for box in accounts(desk).mailboxes
        }


def test_applied_again_nothing_changes_and_no_login_is_made_anew(desk: Desk) -> None:
    # given
    made = everything()
    apply(desk, *made)
    before = accounts(desk)
    # when
    changes = apply(desk, *made)
    # then
    assert {name: change["did"] for name, change in changes.items() if change["did"] != "unchanged"} == {}
    assert not any("provisioned" in change for change in changes.values())
    assert accounts(desk) == before


@pytest.mark.promise("W20")
def test_a_login_that_was_made_is_told_once(desk: Desk) -> None:
    # when
    [line] = apply(desk, connection("Drop", "inbound", "sftp", "push", goals=goal())).values()
    # then
    told = line["provisioned"]
    assert (told["protocol"], told["folder"], told["port"]) == ("sftp", "/", 2222)
    [account] = accounts(desk).accounts
    assert account.username == told["username"]
    assert provisioning.is_password(told["password"], account.password_hash)
    # and a password that was given is not told at all
    [line] = apply(desk, connection("Six", "inbound", "ftp", "push", login={"password": GIVEN}, goals=goal())).values()
    assert "password" not in line["provisioned"]


@pytest.mark.promise("W24")
def test_an_address_that_was_made_is_told_and_stays(desk: Desk) -> None:
    # given
    wanted = connection("Mail", "inbound", "email", "push", goals=goal())
    # when
    [line] = apply(desk, wanted).values()
    [again] = apply(desk, wanted).values()
    # then
    [box] = accounts(desk).mailboxes
    assert line["provisioned"]["address"] == f"{box.local_part}@localhost"
    assert (again["did"], again["fields"]) == ("unchanged", {})


def test_another_password_in_the_file_takes_the_place_of_the_old_one(desk: Desk) -> None:
    # given
    entered = connection("In", "inbound", "sftp", "pull", server={**SERVER, "host_key": KEY}, goals=goal(folder="/out"))
    hosted = connection("Drop", "inbound", "sftp", "push", login={"password": GIVEN}, goals=goal())
    apply(desk, entered, hosted)
    # when
    entered["server"]["password"], hosted["login"] = "another-s3cret", {"password": GIVEN + "-new"}
    changes = apply(desk, entered, hosted)
    # then
    assert {name: change["fields"] for name, change in changes.items()} == {
        "In": {"secret": ["set", "changed"]},
        "Drop": {"secret": ["set", "changed"]},
    }
    [account] = accounts(desk).accounts
    assert (account.version, count(desk, "credential")) == (2, 2)


def test_credentials_that_two_connections_share_by_name_are_one(desk: Desk) -> None:
    # given
    shared = {"server": {**SERVER, "host_key": KEY}, "credentials": "Shop login"}
    # when
    apply(
        desk,
        connection("One", "inbound", "sftp", "pull", **shared, goals=goal(folder="/one")),
        connection("Two", "inbound", "sftp", "pull", **shared, goals=goal(folder="/two")),
    )
    # then
    assert count(desk, "credential") == 1
    assert export_text(desk).count("${SHOP_LOGIN_PASSWORD}") == 2


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (connection("x", "outbound", "email", "pull"), "outbound email pull does not exist"),
        (connection("x", "inbound", "sftp", "push", goals=[]), r"connections\[1\]\.goals has 0 goals"),
        (connection("x", "inbound", "sftp", "push", server=SERVER, goals=goal()), "has server, which is not known"),
        (connection("x", "inbound", "ftp", "pull", goals=goal(folder="/x")), r"server is missing"),
        (connection("x", "inbound", "email", "push", goals=goal(files="")), "files"),
        (
            connection("x", "inbound", "sftp", "push", goals=goal(), login={"password": "short"}),
            "at least 22 characters",
        ),
        (connection("x", "inbound", "sftp", "push", goals=goal(), login={"public_key": "x"}), "no public key"),
        (connection("x", "inbound", "sftp", "push", goals=goal(), schedule={"every_minutes": 5}), "has schedule"),
        (connection("x", "outbound", "email", "push", recipients=["nobody"], subject="s"), "no e-mail address"),
        (connection("x", "outbound", "sftp", "push", server={**SERVER, "host_key": KEY}, folder="in"), "begin with /"),
        (
            connection("x", "inbound", "ftp", "pull", server={**SERVER, "host": "0x7f000001"}, goals=goal(folder="/x")),
            "policy",
        ),
        (
            connection("x", "inbound", "ftp", "pull", server={**SERVER, "private_key": "k"}, goals=goal(folder="/x")),
            "only SFTP",
        ),
        (
            connection("x", "inbound", "sftp", "push", goals=goal(files_regex="(")),
            "has files and files_regex; give one",
        ),
        (connection("x", "inbound", "email", "push", return_email="nobody", goals=goal()), "no e-mail address"),
        (connection("x", "inbound", "email", "push", address="postmaster", goals=goal()), "so that nobody guesses it"),
        (
            connection("x", "inbound", "sftp", "push", login={"username": "a b/../"}, goals=goal()),
            "begins with a letter or a digit",
        ),
        (
            connection("x", "inbound", "sftp", "push", hosted_folder="/a/b", goals=goal()),
            "one name below it",
        ),
        (
            connection("x", "inbound", "sftp", "push", goals=goal(format={"encoding": "klingon"})),
            "encoding klingon is not known here",
        ),
    ],
)
def test_a_mistake_is_named_and_nothing_is_applied(desk: Desk, wanted: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        apply(desk, connection("good", "outbound", "sftp", "pull"), wanted)
    assert (count(desk, "connection"), count(desk, "credential")) == (0, 0)


def test_a_file_that_is_no_mapping_is_told_so(desk: Desk) -> None:
    with pytest.raises(BadInput, match=r"^the file should be a mapping of names to values"):
        verbs.do(desk, CLI, "apply", {"wanted": None})


def _entered(name: str, **server: str) -> dict[str, Any]:
    signs_in = {"server": {**SERVER, "host_key": KEY, **server}, "credentials": "Shop login"}
    return connection(name, "inbound", "sftp", "pull", **signs_in, goals=goal(folder=f"/{name}"))


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (connection("Files", "inbound", "ftp", "push", credentials="Drop", goals=goal()), "Drop signs in with Drop"),
        (_entered("Two", host="elsewhere.example.org"), "One signs in with Shop login"),
        (
            connection("Twin", "inbound", "sftp", "push", credentials="Drop", hosted_folder="/", goals=goal()),
            "Drop and Twin have one hosted_folder, /",
        ),
        (
            connection("Post", "inbound", "email", "push", address="in-abcdefghijkmnpqrstuvwxyz23", goals=goal()),
            "Mail and Post have one address",
        ),
    ],
)
def test_nobody_is_cut_off_or_doubled_by_what_another_connection_wants(
    desk: Desk, wanted: dict[str, Any], sentence: str
) -> None:
    # given
    apply(
        desk,
        connection("Drop", "inbound", "sftp", "push", credentials="Drop", login={"password": GIVEN}, goals=goal()),
        connection("Mail", "inbound", "email", "push", address="in-abcdefghijkmnpqrstuvwxyz23", goals=goal()),
        _entered("One"),
    )
    before, said = accounts(desk), export_text(desk)
    # when
    with pytest.raises(BadInput, match=sentence):
        apply(desk, wanted)
    # then
    assert accounts(desk) == before
    assert export_text(desk) == said


def test_connections_that_share_credentials_move_to_another_server_together(desk: Desk) -> None:
    # given
    apply(desk, _entered("One"), _entered("Two"))
    # when
    apply(desk, _entered("One", host="new.example.org"), _entered("Two", host="new.example.org"))
    # then
    assert count(desk, "credential") == 1
    assert export_text(desk).count("host: new.example.org") == 2
