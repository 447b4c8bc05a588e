"""Migrations: each once, each statement repeatable, a cut in between mended by the next start."""

from pathlib import Path

import duckdb
import pytest

from storage import migrate as module
from storage.database import Cursor, open_database
from storage.migrate import migrate


def tables(cursor: Cursor) -> list[tuple[str, str, str, str]]:
    """Return every column of our tables."""
    return cursor.execute(
        "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns "
        "WHERE table_schema IN ('ctl', 'dat') ORDER BY ALL"
    ).fetchall()


@pytest.mark.promise("D12")
def test_migrations_run_once(tmp_path: Path) -> None:
    # given
    database = open_database(tmp_path / "home.duckdb", ())
    first = migrate(database)
    with database.read() as cursor:
        before = tables(cursor)
    # when
    second = migrate(database)
    # then
    assert first == sorted(file.name for file in module._SCHEMA.glob("*.sql"))
    assert second == []
    with database.read() as cursor:
        assert tables(cursor) == before
    database.close()


@pytest.mark.promise("D12")
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_cut_between_two_statements_is_mended_by_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    # given: the first start got through a part of the statements and stopped
    whole = open_database(tmp_path / "whole.duckdb", ())
    migrate(whole)
    with whole.read() as cursor:
        expected = tables(cursor)
    whole.close()
    all_of_them = module._statements

    def part_of(text: str) -> list[str]:
        statements = all_of_them(text)
        return [*statements[: int(len(statements) * share)], "no SQL, as a cut"]

    database = open_database(tmp_path / "home.duckdb", ())
    monkeypatch.setattr(module, "_statements", part_of)
    with pytest.raises(duckdb.Error):
        migrate(database)
    monkeypatch.undo()
    database.close()
    # when
    database = open_database(tmp_path / "home.duckdb", ())
    migrate(database)
    # then
    with database.read() as cursor:
        assert tables(cursor) == expected
    database.close()
