"""The verbs dry-run and revert, on a home without a service: what they print, and what they leave."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine import cli
from engine.actions import audiences as audience_actions
from engine.actions import goals as goal_actions
from engine.base.settings import Settings
from storage.records.connections import Method
from storage.records.goals import FileFormat, Identifier, ImportGoal, Mapping, PropertyType, Strategy
from storage.tables import goals
from tests.fakes import exchange as given
from tests.fakes.exchange import IN, PUSH
from tests.fakes.home import open_home
from tests.fakes.shop import CALLER

NAME = "Loyalty"
CONTENT = b"id,name,points\n1,Ana,5\n2,Ben,x\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with one goal and one file that waits for its first run."""
    folder = tmp_path / "home"
    folder.mkdir()
    with open_home(folder) as desk:
        connection = given.connection(desk, NAME, (IN, Method.SFTP, PUSH))
        goal = ImportGoal(
            goal_id="01J00000000000000000000000",
            connection_id=connection.connection_id,
            version=1,
            folder="/",
            files="*.csv",
            format=FileFormat(),
            identifiers=(Identifier("id", "customer_id"),),
            create_profiles=True,
            mappings=(Mapping("points", "points", PropertyType.INTEGER, Strategy.SUM),),
        )
        with desk.database.write("ctl") as cursor:
            goals.save(cursor, goal, connection.created_at, "Ana Vos")
        goal_actions.make_properties(desk, goal)
        audience_actions.save(desk, CALLER, None, "Rich", "points >= 5")
        given.file(desk, connection, "a.csv", CONTENT, goal_id=goal.goal_id)
    return folder


@pytest.fixture
def type_in(home: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Type a command; return its status, its output and its complaints."""

    def typed(*words: str) -> tuple[int, str, str]:
        status = cli.main(list(words), Settings(home=home))
        said = capsys.readouterr()
        return status, said.out, said.err

    return typed


@pytest.mark.promise("Z08")
@pytest.mark.promise("Z17")
def test_a_dry_run_tells_what_the_run_comes_to_and_a_revert_takes_the_run_back(type_in: Any) -> None:
    # when tried
    status, out, err = type_in("dry-run", NAME)
    # then
    assert (status, err) == (0, "")
    first, *others = out.splitlines()
    assert first == (
        f"dry run of {NAME}: wrote nothing · read 2 = applied 1 + unchanged 0 + skipped 0 + rejected 1 · profiles 1 "
        "created, 0 updated · files 1 taken, 0 unchanged"
    )
    assert others == [
        "  customer_id: 1 filled, 0 changed, 0 cleared",
        "  points: 1 filled, 0 changed, 0 cleared",
        "  Rich: 0 of 0 leave, 1 enter",
    ]
    assert json.loads(type_in("profiles", "count", "--json")[1]) == {"profiles": 0}
    # when tried and run, both as JSON
    tried = json.loads(type_in("dry-run", NAME, "--json")[1])
    ran = json.loads(type_in("run", NAME, "--wait", "--json")[1])
    # then
    assert {name: tried[name] for name in ("rows", "profiles", "files")} == {
        name: ran[name] for name in ("rows", "profiles", "files")
    }
    assert [item["line"] for item in tried["goals"][0]["rejects"]] == [3]
    # when reverted, and once more
    status, out, err = type_in("revert", "1")
    again = type_in("revert", "1", "--json")
    # then
    assert (status, out, err) == (0, "run 1 is reverted · profiles put back or removed 1 · actions 0\n", "")
    assert again == (1, "", "This run was reverted already.\n")
    assert json.loads(type_in("profiles", "count", "--json")[1]) == {"profiles": 0}
    assert json.loads(type_in("audiences", "--json")[1]) == [{"name": "Rich", "members": 0}]
    # when asked for what there is not
    assert type_in("dry-run", "nobody")[0] == type_in("revert", "7")[0] == 1
