"""The command line: one contract, with and without a running service."""

import getpass
import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.base.settings import Settings
from storage.database import open_database
from tests.fakes.openssh import OpenSSH
from tests.fakes.service import ServiceProcess
from tests.fakes.shop import NAME, age
from tests.fakes.terminal import PASSWORD_NAME, Said, Terminal

HEADER = "id,name,points\n"
NOTHING = {"read": 0, "applied": 0, "unchanged": 0, "skipped": {}, "rejected": 0}


@pytest.fixture
def terminal(tmp_path: Path, sftp_server: OpenSSH) -> Terminal:
    return Terminal(tmp_path, sftp_server)


@pytest.fixture
def service(terminal: Terminal) -> Iterator[ServiceProcess]:
    with ServiceProcess(terminal.home) as running:
        yield running


def put(server: OpenSSH, text: str, name: str = "a.csv") -> None:
    """Put a file on the server."""
    (server.folder / name).write_text(text, encoding="utf-8")
    age(server.folder / name).chmod(0o644)


def counts(said: Said) -> dict[str, Any]:
    """Return what `run --wait --json` promises."""
    return {name: said.json[name] for name in ("state", "rows", "profiles", "files")}


def plain(said: Said) -> tuple[int, Any, str]:
    """Return what a command said without ids, times and the name of who ran it."""
    text = re.sub(r'"[0-9A-HJKMNP-TV-Z]{26}"', '"id"', said.out)
    text = re.sub(r'"20\d\d-[0-9T:.-]+Z"', '"time"', text)
    text = re.sub(r'"(profile|profile_id)": \d+', r'"\1": 0', text)
    return said.status, json.loads(text) if text else None, said.err


def story(terminal: Terminal) -> list[tuple[int, Any, str]]:
    """Go through every verb and return what each said."""
    put(terminal.server, HEADER + "1,Ana,5\n02,Ben,7\n3,Cas,seven\n")
    said = [terminal.apply(), terminal.apply(), terminal.apply(create_profiles=False, state=False)]
    said += [terminal.type("run", NAME, "--wait", "--json"), terminal.apply(), terminal.type("runs", "--json")]
    said += [terminal.type("run", NAME, "--wait", "--json"), terminal.type("run", NAME.upper(), "--wait", "--json")]
    put(terminal.server, HEADER + "1,Ana,5\n02,Ben,7\n3,Cas,seven\n1,Ana,1\n")
    said += [terminal.type("dry-run", NAME, "--json")]
    said += [terminal.type("run", NAME, "--wait", "--json"), terminal.type("profiles", "count", "--json")]
    said += [terminal.type("profiles", "show", "1", "--json"), terminal.type("profiles", "show", "2", "--json")]
    said += [terminal.type("rejects", "1", "--json"), terminal.type("rejects", "99", "--json")]
    said += [terminal.type("cancel", "1", "--json"), terminal.type("run", "no such", "--wait", "--json")]
    said += [terminal.type("runs", "--json"), terminal.type("revert", "1"), terminal.type("revert", "3", "--json")]
    said += [terminal.type("profiles", "show", "1", "--json")]
    return [plain(one) for one in said]


@pytest.mark.promise("H08")
@pytest.mark.promise("T04")
@pytest.mark.promise("T09")
def test_every_verb_says_the_same_with_and_without_a_service(tmp_path: Path, sftp_server: OpenSSH) -> None:
    # given
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    alone, served = Terminal(tmp_path / "a", sftp_server), Terminal(tmp_path / "b", sftp_server)
    # when
    without = story(alone)
    with ServiceProcess(served.home):
        with_one = story(served)
    # then
    assert with_one == without
    created, unchanged, turned_off, off, _, no_runs, first, again, tried, appended, *said = without
    count, show, no_one, rejects, *rest = said
    assert created[1]["changes"][0]["did"] == "created"
    assert unchanged[1]["changes"] == [{"kind": "connection", "name": NAME, "did": "unchanged", "fields": {}}]
    assert turned_off[1]["changes"][0]["fields"] == {
        "state": ["on", "off"],
        "goal 1: create_profiles": [True, False],
    }
    assert off == (1, None, f"{NAME} is off. Turn it on to run it.\n")
    assert no_runs[1] == []
    assert (first[0], first[1]["rows"], first[1]["profiles"], first[1]["files"]) == (
        0,
        {"read": 3, "applied": 2, "unchanged": 0, "skipped": {}, "rejected": 1},
        {"created": 2, "updated": 0},
        {"taken": 1, "unchanged": 0},
    )
    assert (again[1]["rows"], again[1]["files"]) == (NOTHING, {"taken": 0, "unchanged": 1})
    assert (appended[1]["rows"]["applied"], appended[1]["profiles"]) == (1, {"created": 0, "updated": 1})
    assert tried[1]["rows"] == appended[1]["rows"]
    assert count[1] == {"profiles": 2}
    assert show[1]["properties"] == {"customer_id": "1", "name": "Ana", "points": 6}
    assert no_one == (1, None, "No profile has the identifier 2.\n")
    assert [(item["line"], item["reason"], item["raw"]) for item in rejects[1]] == [
        (4, "not_an_integer", "3,Cas,seven")
    ]
    no_run, ended, unknown, runs, hindered, reverted, as_before = rest
    assert no_run == (1, None, "There is no run 99; see the list of runs.\n")
    assert ended == (1, None, "This run has ended; there is nothing to cancel.\n")
    assert unknown == (1, None, f"There is no connection named no such; there is: {NAME}.\n")
    assert [(run["run"], run["state"], run["started_by"]) for run in runs[1]] == [
        (number, "completed", f"cli:{getpass.getuser()}") for number in (3, 2, 1)
    ]
    assert hindered == (1, None, "Cannot revert: run 3 imported a.csv again. Revert that one first.\n")
    assert (reverted[1]["run"], reverted[1]["profiles"], reverted[1]["files"]) == (3, 1, ["a.csv"])
    assert as_before[1]["properties"]["points"] == 5


def test_a_run_says_exactly_what_is_promised(terminal: Terminal) -> None:
    # given
    put(terminal.server, HEADER + "1,Ana,5\n")
    terminal.apply()
    # when
    said = terminal.type("run", NAME, "--wait", "--json")
    # then: the promised names, and what else helps; no error where there is none
    assert said.err == ""
    assert list(said.json) == ["state", "rows", "profiles", "files", "run", "id"]
    assert counts(said) == {
        "state": "completed",
        "rows": {"read": 1, "applied": 1, "unchanged": 0, "skipped": {}, "rejected": 0},
        "profiles": {"created": 1, "updated": 0},
        "files": {"taken": 1, "unchanged": 0},
    }


def test_a_failed_run_says_so_by_status_document_and_sentence(terminal: Terminal) -> None:
    # given
    put(terminal.server, HEADER + "1,Ana,5\n")
    terminal.environment[PASSWORD_NAME] = "not the password"
    terminal.apply()
    # when
    said = terminal.type("run", NAME, "--wait", "--json")
    # then
    assert said.status == 1
    assert counts(said)["state"] == "failed"
    assert said.json["rows"] == NOTHING
    assert said.json["error"]["category"] == "credentials"
    assert said.err == said.json["error"]["sentence"] + "\n"
    assert said.err.count("\n") == 1


@pytest.mark.promise("Y12")
def test_a_queued_run_can_be_cancelled(terminal: Terminal) -> None:
    # given: without a service a run without --wait stays queued
    put(terminal.server, HEADER + "1,Ana,5\n")
    terminal.apply()
    queued = terminal.type("run", NAME, "--json")
    assert queued.json["state"] == "queued"
    # when
    cancelled = terminal.type("cancel", "1", "--json")
    terminal.type("run", NAME, "--wait", "--json")
    # then
    assert cancelled.json == {"id": queued.json["id"]}
    assert [run["state"] for run in terminal.type("runs", "--json").json] == ["completed", "cancelled"]


def test_apply_prints_the_difference_for_people(terminal: Terminal) -> None:
    # given
    terminal.apply()
    path = terminal.write(terminal.wanted(files="*.txt", port=terminal.server.port + 1))
    terminal.environment[PASSWORD_NAME] = "another password"
    # when
    said = terminal.type("apply", path)
    # then
    assert said.status == 0
    assert said.out.splitlines() == [
        f"connection {NAME}: changed",
        f"  port: {terminal.server.port} -> {terminal.server.port + 1}",
        "  secret: set -> changed",
        "  goal 1: files: *.csv -> *.txt",
    ]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (f"${{{PASSWORD_NAME}}}", "plain", 'password is written plainly; write "${ENV_NAME}" and set that variable.'),
        (f"${{{PASSWORD_NAME}}}", "${NOT_SET}", "The environment has no variable NOT_SET, which the file names;"),
        ("folder: ", "foldr: ", "connections[0].goals[0].import.folder is missing."),
        (
            "create_profiles: ",
            "create_profile: ",
            "connections[0].goals[0].import has create_profile, which is not known",
        ),
        (
            "strategy: sum",
            "strategy: median",
            "connections[0].goals[0].import.mappings[1].strategy is median; it can be set,",
        ),
        ("strategy: sum", "strategy: [sum]", "goals[0].import.mappings[1].strategy is ['sum']; it can be"),
        ("type: text", "type: date", "Give the date format of 'name'"),
        (
            "direction: inbound",
            "direction: sideways",
            "connections[0].direction is sideways; it can be inbound, outbound.",
        ),
        ("state: 'on'", "state: maybe", "connections[0].state is maybe; it can be on or off."),
        ("name: CD shop", "- name: CD shop", "is not YAML, line "),
    ],
)
def test_a_mistake_in_the_file_is_named_by_its_place_and_nothing_is_applied(
    terminal: Terminal, old: str, new: str, sentence: str
) -> None:
    # given
    text = Path(terminal.write(terminal.wanted())).read_text()
    assert old in text
    # when
    said = terminal.type("apply", terminal.write(text.replace(old, new)), "--json")
    # then
    assert (said.status, said.out) == (1, "")
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err


@pytest.mark.promise("D11")
def test_a_file_that_is_no_yaml_shows_none_of_its_text(terminal: Terminal) -> None:
    # given: the parser would print the line with the password
    path = terminal.write('server: {password: "hunter2hunter2')
    # when
    said = terminal.type("apply", path)
    # then
    assert said.status == 1
    assert said.err.startswith(f"{path} is not YAML, line 1: ")
    assert "hunter2" not in said.err


@pytest.mark.parametrize("state", ["on", "off", '"on"', "true", "no"])
def test_a_bare_on_or_off_is_understood(terminal: Terminal, state: str) -> None:
    # given
    text = Path(terminal.write(terminal.wanted())).read_text().replace("state: 'on'", f"state: {state}")
    # when
    said = terminal.type("apply", terminal.write(text), "--json")
    # then
    expected = "on" if state in {"on", '"on"', "true"} else "off"
    assert said.json["changes"][0]["fields"]["state"] == [None, expected]


@pytest.mark.parametrize("words", [["frobnicate"], ["run"], ["profiles"], ["runs", "--yaml"], ["rejects"]])
def test_wrong_usage_ends_with_2_and_touches_nothing(terminal: Terminal, words: list[str]) -> None:
    said = terminal.type(*words)
    assert (said.status, said.out) == (2, "")
    assert "usage: python -m engine" in said.err
    assert not terminal.home.exists()


def test_a_file_that_is_not_there_is_named(terminal: Terminal) -> None:
    said = terminal.type("apply", "no-such.yaml")
    assert (said.status, said.out) == (1, "")
    assert said.err.endswith("no-such.yaml cannot be read: No such file or directory; name another file.\n")


@pytest.mark.fault(119)
def test_a_home_that_cannot_be_is_told_in_one_sentence(terminal: Terminal) -> None:
    # given: a file in the home's place
    terminal.home.write_text("no folder")
    # when
    for words in (["runs", "--json"], []):
        said = terminal.type(*words)
        # then
        assert (said.status, said.out) == (1, "")
        assert said.err.startswith(f"The home {terminal.home} cannot be written: ")
        assert said.err.count("\n") == 1


@pytest.mark.promise("D04")
@pytest.mark.fault(114)
def test_a_second_service_ends_with_one_sentence_that_names_the_first(
    terminal: Terminal, service: ServiceProcess
) -> None:
    # when
    said = terminal.type()
    # then
    assert (said.status, said.out) == (1, "")
    assert said.err == f"Handoff already runs on this home (pid {service.pid}); stop that one or set HANDOFF_HOME.\n"
    assert terminal.type("runs", "--json").json == []


def test_the_service_is_ready_within_six_seconds(terminal: Terminal) -> None:
    # given: a home that is new, and one that is not
    service = ServiceProcess(terminal.home, is_fresh=True)
    for _ in range(2):
        # when
        ready_s = service.start()
        service.kill()
        # then
        assert ready_s < 6


def test_only_the_owner_may_talk_to_the_service(terminal: Terminal, service: ServiceProcess) -> None:
    # when
    mode = (terminal.home / "engine.sock").stat().st_mode
    # then
    assert service.pid
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600
    assert stat.S_IMODE(terminal.home.stat().st_mode) == 0o700


def test_what_the_service_keeps_is_readable_by_its_user_alone(tmp_path: Path) -> None:
    # given: a home that somebody made with open rights
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    # when
    with ServiceProcess(home):
        found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in home.iterdir() if path.is_file()}
    # then
    assert "handoff.duckdb" in found
    assert {name for name, mode in found.items() if mode & 0o077} == set()


@pytest.mark.fault(130)
def test_what_a_killed_service_left_stops_nobody(terminal: Terminal) -> None:
    # given
    service = ServiceProcess(terminal.home)
    service.start()
    service.kill()
    assert (terminal.home / "engine.sock").exists()
    # when: the command line alone, then a service
    alone = terminal.type("profiles", "count", "--json")
    with service:
        served = terminal.type("profiles", "count", "--json")
    # then
    assert alone.json == served.json == {"profiles": 0}
    assert not (terminal.home / "engine.sock").exists()


def all_text(home: Path) -> dict[str, str]:
    """Return every text of the database by table and column, and every other file's bytes as text."""
    settings = Settings(home=home)
    found = {}
    database = open_database(settings.database, (settings.spool,))
    with database.read() as cursor:
        columns = cursor.execute(
            "SELECT table_schema, table_name, column_name FROM information_schema.columns "
            "WHERE table_schema IN ('ctl', 'dat') AND data_type = 'VARCHAR'"
        ).fetchall()
        for schema, table, column in columns:
            rows = cursor.execute(f'SELECT "{column}" FROM {schema}.{table}').fetchall()  # noqa: S608 - our own names
            found[f"{schema}.{table}.{column}"] = "\n".join(str(value) for (value,) in rows)
    database.close()
    for path in home.rglob("*"):
        if path.is_file():
            found[path.name] = path.read_bytes().decode("latin-1")
    return found


@pytest.mark.promise("D11")
def test_the_secret_is_stored_and_logged_nowhere(terminal: Terminal) -> None:
    # given: a value of our own that the same search has to find, and a failure that is logged
    planted = "planted-value-4711"
    terminal.environment[PASSWORD_NAME] = "Geheimnis-4711-nirgends"
    put(terminal.server, HEADER + f"{planted},Ana,5\n")
    with ServiceProcess(terminal.home):
        said = [terminal.apply(), terminal.type("run", NAME, "--wait", "--json")]
        terminal.environment[PASSWORD_NAME] = terminal.server.password
        said += [terminal.apply(), terminal.type("run", NAME, "--wait", "--json"), terminal.type("runs", "--json")]
    assert [one.status for one in said] == [0, 1, 0, 0, 0]
    # when
    texts = all_text(terminal.home)
    # then
    assert planted in texts["dat.profile.customer_id"]
    assert terminal.server.username in texts["ctl.connection.username"]
    assert "credentials" in texts["handoff.log"]
    for secret in ("Geheimnis-4711-nirgends", terminal.server.password):
        assert [place for place, text in texts.items() if secret in text] == []
        assert not any(secret in one.out + one.err for one in said)


def test_what_the_command_line_does_is_audited_under_the_persons_name(terminal: Terminal) -> None:
    # given
    put(terminal.server, HEADER + "1,Ana,5\n")
    with ServiceProcess(terminal.home):
        terminal.apply()
    # when
    terminal.type("run", NAME, "--wait")
    # then
    texts = all_text(terminal.home)
    assert set(texts["ctl.audit.who"].split("\n")) == {f"cli:{getpass.getuser()}"}
    assert texts["ctl.audit.did"].split("\n") == ["created", "created", "created", "started a run"]
