"""The verbs stats and audiences, as people type them: with a running service that sends, and without one."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.partners.simulator import Simulator
from tests.fakes.openssh import OpenSSH
from tests.fakes.partner import simulator
from tests.fakes.service import ServiceProcess, wait_until
from tests.fakes.shop import NAME, age
from tests.fakes.terminal import Terminal

__all__ = ["simulator"]
ROWS = "id,name,points\n1,Ana,5\n2,Ben,7\n3,Cas,9\n4,Dan,11\n"
ACCOUNT, LIST = "Meta demo account", "123"
WAIT_S = 30.0


@pytest.fixture
def terminal(tmp_path: Path, sftp_server: OpenSSH) -> Terminal:
    made = Terminal(tmp_path, sftp_server)
    made.environment["META_TOKEN"] = "token-1"
    path = sftp_server.folder / "a.csv"
    path.write_text(ROWS, encoding="utf-8")
    age(path)
    path.chmod(0o644)
    return made


def apply(terminal: Terminal, simulator: Simulator, rule: str) -> Any:
    """Apply everything that an audience at a partner needs."""
    settings = {"access_token": "${META_TOKEN}", "audience_id": LIST, "base_url": simulator.base_url()}
    content = {
        **terminal.wanted(),
        "audiences": [{"name": "Regulars", "rule": rule}],
        "configurations": [{"name": ACCOUNT, "partner": "meta_custom_audience", "settings": settings}],
        "activations": [{"audience": "Regulars", "configuration": ACCOUNT, "identifier": "customer_id"}],
    }
    return terminal.type("apply", terminal.write(content), "--json")


def counts(terminal: Terminal, *words: str) -> dict[str, int]:
    """Return the counts of today by category; every line is of today, this account and no code."""
    found = terminal.type("stats", *words, "--json").json
    today = datetime.now(UTC).date().isoformat()
    assert {(line["day"], line["configuration"], line["code"]) for line in found} <= {(today, ACCOUNT, "")}
    assert all(set(line) == {"day", "configuration", "category", "code", "count"} for line in found)
    return {line["category"]: line["count"] for line in found}


def held(simulator: Simulator) -> set[str]:
    """Return whom the partner has."""
    return set(simulator.audiences().get(LIST, []))


def soon(is_so: Callable[[], bool]) -> None:
    wait_until(is_so, WAIT_S)


def test_a_file_leads_to_messages_and_a_changed_rule_to_removes(terminal: Terminal, simulator: Simulator) -> None:
    with ServiceProcess(terminal.home):
        # given
        assert apply(terminal, simulator, "points >= 7").status == 0
        # when
        run = terminal.type("run", NAME, "--wait", "--json")
        soon(lambda: held(simulator) == {"2", "3", "4"} and "waiting" not in counts(terminal))
        # then
        assert (run.status, run.err) == (0, "")
        assert terminal.type("audiences", "--json").json == [{"name": "Regulars", "members": 3}]
        assert counts(terminal, "--days", "30") == {"sent": 3}
        # when: and the command that follows at once knows it
        apply(terminal, simulator, "points >= 9")
        assert terminal.type("audiences", "--json").json == [{"name": "Regulars", "members": 2}]
        soon(lambda: held(simulator) == {"3", "4"} and "waiting" not in counts(terminal))
        # then
        assert counts(terminal) == {"sent": 3, "removed": 1}
        assert terminal.type("stats").out.count(f" {ACCOUNT}: ") == 2
        assert terminal.type("audiences").out == "Regulars: 2 profiles\n"


def test_without_a_service_the_messages_wait_for_it(terminal: Terminal, simulator: Simulator) -> None:
    # given
    apply(terminal, simulator, "points >= 7")
    # when
    run = terminal.type("run", NAME, "--wait", "--json")
    # then
    assert (run.status, run.json["state"]) == (0, "completed")
    assert run.err == "3 signals wait for the service, which sends to partners; start it.\n"
    assert counts(terminal) == {"waiting": 3}
    assert terminal.type("audiences", "--json").json == [{"name": "Regulars", "members": 3}]
    assert held(simulator) == set()
    # when
    with ServiceProcess(terminal.home):
        soon(lambda: held(simulator) == {"2", "3", "4"} and "waiting" not in counts(terminal))
    # then
    assert counts(terminal) == {"sent": 3}


@pytest.mark.parametrize("days", ["0", "366"])
def test_days_out_of_bounds_are_refused(terminal: Terminal, days: str) -> None:
    said = terminal.type("stats", "--days", days, "--json")
    assert (said.status, said.out, said.err) == (1, "", f"Ask for 1 to 365 days; {days} is outside.\n")


def test_an_empty_home_says_so(terminal: Terminal) -> None:
    assert (terminal.type("stats", "--json").json, terminal.type("audiences", "--json").json) == ([], [])
    assert terminal.type("stats").out == "No message in 30 days.\n"
    assert terminal.type("audiences").out == "There is no audience yet.\n"
    assert terminal.type("export").out == "{}\n"


def test_export_says_the_same_with_and_without_a_service(terminal: Terminal, simulator: Simulator) -> None:
    # given
    apply(terminal, simulator, "points >= 7")
    # when
    alone = terminal.type("export")
    with ServiceProcess(terminal.home):
        served = terminal.type("export")
    # then
    assert (alone.status, alone.out) == (served.status, served.out)
    assert "access_token: ${META_DEMO_ACCOUNT_ACCESS_TOKEN}\n" in alone.out
    assert "token-1" not in alone.out
