"""The database: locked down to the spool, one writer a schema, damage told in one sentence."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.database import Cursor, Database, StorageFault, name_literal, open_database, text_literal
from storage.migrate import migrate
from tests.fakes.service import wait_until

SECRET = "the content of a file outside"
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    folder = tmp_path / "sp'ool"
    folder.mkdir()
    (tmp_path / "outside.csv").write_text(f"text\n{SECRET}\n")
    return folder


@pytest.fixture
def database(tmp_path: Path, spool: Path) -> Iterator[Database]:
    opened = open_database(tmp_path / "home.duckdb", (spool,))
    migrate(opened)
    yield opened
    opened.close()


@pytest.mark.fault(93)
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_text('{outside}')",
        "SELECT * FROM read_text('{spool}/../outside.csv')",
        "SELECT * FROM read_text('{spool}/link.csv')",
        "SELECT * FROM glob('{home}/*')",
        "SELECT * FROM read_csv('http://127.0.0.1:9/a.csv')",
        "SELECT * FROM read_csv('s3://bucket/a.csv')",
        "COPY (SELECT 1) TO '{home}/out.csv'",
        "ATTACH '{home}/other.duckdb'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        "SET lock_configuration = false",
    ],
)
def test_sql_reaches_no_file_outside_the_spool(database: Database, spool: Path, tmp_path: Path, statement: str) -> None:
    # given: a link in the spool would lead outside
    (spool / "link.csv").symlink_to(tmp_path / "outside.csv")
    places = {"outside": tmp_path / "outside.csv", "spool": spool, "home": tmp_path}
    quoted = statement.format(**{name: str(place).replace("'", "''") for name, place in places.items()})
    # when, then
    with database.read() as cursor, pytest.raises(duckdb.Error):
        cursor.execute(quoted).fetchall()


@pytest.mark.fault(94)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40))
def test_any_name_is_stored_to_the_letter(database: Database, name: str) -> None:
    with database.read() as cursor:
        # when
        column = cursor.execute(f"SELECT 1 AS {name_literal(name)}").description
        text = cursor.execute(f"SELECT {text_literal(name)}").fetchone()
    # then
    assert column is not None
    assert (column[0][0], text) == (name, (name,))


@pytest.mark.fault(94)
@pytest.mark.parametrize(
    "name", ['"; DROP SCHEMA dat; --', "'", '""', ";", "--", "/* */", "select", "a.b", "é\U0001f600"]
)
def test_names_that_look_like_sql_are_columns_like_any_other(database: Database, name: str) -> None:
    # when
    with database.write("dat") as cursor:
        cursor.execute(f"ALTER TABLE dat.profile ADD COLUMN {name_literal(name)} VARCHAR")
        cursor.execute(f"INSERT INTO dat.profile (profile_id, _rev, {name_literal(name)}) VALUES (1, 1, 'x')")  # noqa: S608
    # then
    with database.read() as cursor:
        description = cursor.execute("SELECT * FROM dat.profile").description
    assert [column[0] for column in description or ()] == ["profile_id", "_rev", name]


def test_a_write_that_fails_leaves_nothing(database: Database) -> None:
    # given
    with database.write("ctl") as cursor:
        cursor.execute("CREATE TABLE ctl.probe (n INTEGER)")

    # when: by our error, and by the database's own
    def stumble(step: Callable[[Cursor], object]) -> None:
        with database.write("ctl") as cursor:
            cursor.execute("INSERT INTO ctl.probe VALUES (1)")
            step(cursor)

    with pytest.raises(ZeroDivisionError):
        stumble(lambda _: 1 // 0)
    with pytest.raises(duckdb.Error):
        stumble(lambda cursor: cursor.execute("INSERT INTO ctl.probe VALUES ('no number')"))
    # then
    with database.write("ctl") as cursor:
        assert cursor.execute("SELECT * FROM ctl.probe").fetchall() == []


@pytest.mark.promise("D04")
def test_writers_of_one_row_take_turns_while_others_read(database: Database) -> None:
    # given
    with database.write("ctl") as cursor:
        cursor.execute("CREATE TABLE ctl.probe (n INTEGER)")
        cursor.execute("INSERT INTO ctl.probe VALUES (0)")
    seen: list[int] = []
    failures: list[BaseException] = []

    def add() -> None:
        try:
            for _ in range(25):
                with database.write("ctl") as cursor:
                    row = cursor.execute("SELECT n FROM ctl.probe").fetchone()
                    assert row is not None
                    cursor.execute("UPDATE ctl.probe SET n = ?", [row[0] + 1])
                with database.read() as cursor:
                    seen.extend(n for (n,) in cursor.execute("SELECT n FROM ctl.probe").fetchall())
        except BaseException as error:  # noqa: BLE001 - kept for the assertion below
            failures.append(error)

    threads = [threading.Thread(target=add) for _ in range(5)]
    # when
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    # then: no update was lost, and every reader saw whole numbers of one row
    assert failures == []
    assert len(seen) == 125
    with database.read() as cursor:
        assert cursor.execute("SELECT n FROM ctl.probe").fetchall() == [(125,)]


@pytest.mark.promise("A03")
@pytest.mark.parametrize("column", ["name", "data_type", "direction", "method", "methodology", "secret_sealed"])
def test_a_connection_without_one_of_its_attributes_cannot_be_stored(database: Database, column: str) -> None:
    # given: all columns that must be there, but one
    with database.read() as cursor:
        columns = cursor.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'connection' "
            "AND is_nullable = 'NO'"
        ).fetchall()
    assert column in dict(columns)
    values = {"VARCHAR": "'x'", "INTEGER": "1", "TIMESTAMP": "TIMESTAMP '2026-11-21'"}
    given = {name: values[kind] for name, kind in columns if name != column}
    insert = f"INSERT INTO ctl.connection ({', '.join(given)}) VALUES ({', '.join(given.values())})"  # noqa: S608
    # when, then
    with pytest.raises(duckdb.ConstraintException, match=column), database.write("ctl") as cursor:
        cursor.execute(insert)


def test_times_that_the_database_makes_are_utc(tmp_path: Path, spool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setenv("TZ", "America/New_York")
    opened = open_database(tmp_path / "home.duckdb", (spool,))
    # when
    with opened.read() as cursor:
        row = cursor.execute("SELECT now()::TIMESTAMP = now() AT TIME ZONE 'UTC'").fetchone()
    opened.close()
    # then
    assert row == (True,)


def made(path: Path, spool: Path) -> bytes:
    """Make a whole database at the path and return its bytes."""
    opened = open_database(path, (spool,))
    migrate(opened)
    opened.close()
    return path.read_bytes()


@pytest.mark.fault(119)
@pytest.mark.parametrize("damage", ["flipped", "cut", "overwritten"])
def test_a_damaged_file_is_called_damaged_and_left_as_it_is(tmp_path: Path, spool: Path, damage: str) -> None:
    # given
    path = tmp_path / "home.duckdb"
    whole = made(path, spool)
    flipped = bytes(byte ^ (0xFF if place % 4096 == 100 else 0) for place, byte in enumerate(whole))
    broken = {"flipped": flipped, "cut": whole[: len(whole) // 2], "overwritten": b"no database" * 1000}[damage]
    path.write_bytes(broken)
    # when
    with pytest.raises(StorageFault, match="damaged and was left as it is; restore a backup") as caught:
        migrate(open_database(path, (spool,)))
    # then
    assert str(caught.value).count(".") <= 2
    assert path.read_bytes() == broken


@pytest.mark.fault(119)
def test_a_file_that_another_process_holds_is_called_held(tmp_path: Path, spool: Path) -> None:
    # given
    path = tmp_path / "home.duckdb"
    made(path, spool)
    holds = f"import duckdb; c = duckdb.connect({str(path)!r}); print('held', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", holds], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        # when, then
        with pytest.raises(StorageFault, match="is held by another process; stop that one first"):
            open_database(path, (spool,))
        other.kill()
    wait_until(lambda: other.poll() is not None, 10)
    open_database(path, (spool,)).close()


@pytest.mark.fault(119)
def test_a_file_that_may_not_be_written_is_refused_in_one_sentence(tmp_path: Path, spool: Path) -> None:
    # given: a person without the right, for root has every right
    path = tmp_path / "home.duckdb"
    made(path, spool)
    path.chmod(0o444)
    tmp_path.chmod(0o755)
    tries = (
        f"import os, sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from pathlib import Path\n"
        "from storage.database import StorageFault, open_database\n"
        "os.setgid(65534); os.setuid(65534)\n"
        f"try: open_database(Path({str(path)!r}), ())\n"
        "except StorageFault as fault: print(fault)\n"
    )
    if os.geteuid() != 0:
        pytest.fail("root is missing: this test has to step down to a person without rights", pytrace=False)
    for folder in (tmp_path, *tmp_path.parents[:3]):  # a worker of the run has a folder of its own in between
        folder.chmod(folder.stat().st_mode | 0o111)
    # when
    said = subprocess.run([sys.executable, "-c", tries], capture_output=True, text=True, check=False, timeout=60)
    # then
    assert said.stdout == (
        "The database home.duckdb cannot be opened for writing; check the rights of its folder and disk.\n"
    ), said.stderr


def test_a_first_start_that_was_cut_off_is_begun_again(tmp_path: Path, spool: Path) -> None:
    # given: half a file, as a kill leaves it while the database is being made
    path = tmp_path / "home.duckdb"
    (tmp_path / "home.duckdb.fresh").write_bytes(b"half")
    # when
    made(path, spool)
    # then
    assert [item.name for item in tmp_path.glob("home.duckdb*")] == ["home.duckdb"]


def test_ctrl_c_during_a_query_is_a_ctrl_c_and_not_a_fault_of_the_query(database: Database) -> None:
    # given: what DuckDB makes of a SIGINT that comes while it works
    said = RuntimeError("Query interrupted")
    # when, then
    with pytest.raises(KeyboardInterrupt), database.write("ctl"):
        raise said
    # then: every other error stays what it is
    with pytest.raises(RuntimeError, match="something else"), database.read():
        raise RuntimeError("something else")
