"""What tests of the storage share."""

from collections.abc import Iterator

import pytest

from storage.database import Database, open_database


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database without tables, locked down as the product's; for SQL that needs no rows."""
    folder = tmp_path_factory.mktemp("values")
    opened = open_database(folder / "values.duckdb", (folder,))
    yield opened
    opened.close()
