"""The repository keeps the rules of the house, and each rule catches what it is there for."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tidy import rules, sources

_DOC = '"""A part of a small tree."""\n'
_APP = _DOC + "import streamlit as st\nfrom engine import service\n" + "# a line\n" * 40
_PYPROJECT = """[tool.ruff.lint]
ignore = [
  "D105",  # dunders
]
[[tool.importlinter.contracts]]
id = "layers"
layers = ["pages", "(engine.cli)", "engine.files", "engine.base", "storage.tables", "storage.records"]
"""
_ARCHITECTURE = """`files` `base` `tables` `records`
| package | what for | licence |
| duckdb, pyarrow | the database | MIT |
"""
_LIMITS = '\nROWS_MAX = 3\n"""Enough."""\nCONNECT_WAIT_S = 3.0\n"""Slow."""\nJOBS_AT_ONCE_MAX = 4\n"""Cores."""\n'
_CLEAN = {
    "app.py": _APP,
    "pages/__init__.py": _DOC,
    "pages/_entry.py": _DOC,
    "pages/people_page.py": _DOC + "import streamlit\n",
    "pages/parts/__init__.py": _DOC,
    "engine/__init__.py": _DOC,
    "engine/cli.py": _DOC,
    "engine/base/__init__.py": _DOC,
    "engine/base/limits.py": _DOC + _LIMITS,
    "engine/files/read.py": _DOC + 'def read() -> str:\n    """Read."""\n    return "Select a folder from the list"\n',
    "storage/tables/files.py": _DOC + 'ALL = "SELECT name FROM ctl.file_seen"\n',
    "storage/records/files.py": _DOC,
    "tests/test_it.py": _DOC + "def test_it():\n    pass\n",
    "requirements.txt": "# pins\nduckdb==2.0.0\npyarrow==26.0.1\n",
    "pyproject.toml": _PYPROJECT,
    "ARCHITECTURE.md": _ARCHITECTURE,
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small tree that keeps every rule."""
    for address, text in _CLEAN.items():
        _write(tmp_path, address, text)
    return tmp_path


def _write(root: Path, address: str, text: str) -> None:
    path = root / address
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


@pytest.mark.parametrize("rule", rules.RULES)
def test_the_repository_keeps_the_rule(rule: rules.Rule) -> None:
    findings = rule(sources.ROOT)

    assert findings == [], "\n" + "\n".join(findings)


@pytest.mark.promise("D01")
@pytest.mark.parametrize(
    "name", ["app.py", "pages", "engine", "storage", "tests", ".streamlit", "requirements.txt", "README.md"]
)
def test_the_top_level_is_as_agreed(name: str) -> None:
    assert (sources.ROOT / name).exists()


@pytest.mark.parametrize("rule", rules.RULES)
def test_a_clean_tree_has_no_finding(rule: rules.Rule, tree: Path) -> None:
    assert rule(tree) == []


_LONG_FUNCTION = "def long() -> None:\n" + "    print()\n" * 70
_MACHINE_FOLDER = "/" + "work/main"

PLANTS: list[tuple[rules.Rule, str, str]] = [
    (rules.modules_have_a_docstring, "engine/files/new.py", "import os\n"),
    (rules.modules_have_a_docstring, "tests/test_new.py", '"""Only a few words"""\n'),
    (rules.public_things_have_a_docstring, "engine/files/new.py", _DOC + "def read() -> None:\n    pass\n"),
    (rules.public_things_have_a_docstring, "storage/new.py", _DOC + "class Row:\n    pass\n"),
    (
        rules.public_things_have_a_docstring,
        "pages/new_page.py",
        _DOC + 'class Row:\n    """A."""\n    async def go(self): ...\n',
    ),
    (rules.functions_are_short, "engine/files/new.py", _DOC + _LONG_FUNCTION),
    (
        rules.functions_are_short,
        "tests/test_new.py",
        _DOC + "class A:\n" + _LONG_FUNCTION.replace("    ", "        ").replace("def", "    def"),
    ),
    (rules.files_are_short, "tests/test_new.py", _DOC + "# a line\n" * 400),
    (rules.sql_stays_in_storage, "engine/files/new.py", _DOC + 'A = "SELECT 1"\n'),
    (rules.sql_stays_in_storage, "engine/files/new.py", _DOC + 'A = f"""\n  UPDATE {name} SET a = 1"""\n'),
    (rules.sql_stays_in_storage, "pages/new_page.py", _DOC + 'A = "select name from people where id = ?"\n'),
    (rules.sql_stays_in_storage, "engine/files/new.py", _DOC + "def _f(cursor):\n    cursor.execute(text)\n"),
    (rules.sql_stays_in_storage, "storage/records/new.py", _DOC + 'A = "DELETE FROM ctl.run"\n'),
    (rules.streamlit_stays_in_pages, "engine/files/new.py", _DOC + "def _f():\n    import streamlit as st\n"),
    (rules.streamlit_stays_in_pages, "storage/new.py", _DOC + "from streamlit import runtime\n"),
    (rules.pages_hide_no_module, "pages/people.py", _DOC),
    (rules.pages_hide_no_module, "pages/statistics/part.py", _DOC),
    (rules.pages_hide_no_module, "pages/_pytest.py", _DOC),
    (rules.limits_have_a_unit_and_a_reason, "engine/base/limits.py", _DOC + 'WAIT_MAX = 3\n"""Why."""\n'),
    (rules.limits_have_a_unit_and_a_reason, "engine/base/limits.py", _DOC + "WAIT_S: int = 3\nROWS = 3\n"),
    (rules.rooms_are_in_architecture, "engine/outbox/claim.py", _DOC),
    (rules.rooms_are_in_architecture, "storage/spool.py", _DOC),
    (rules.rooms_are_in_a_layer, "engine/outbox/claim.py", _DOC),
    (rules.rooms_are_in_a_layer, "engine/helpers.py", _DOC),
    (rules.rooms_are_in_a_layer, "storage/spool.py", _DOC),
    (rules.dependencies_are_pinned_and_explained, "requirements.txt", "duckdb>=2.0.0\n"),
    (rules.dependencies_are_pinned_and_explained, "requirements-dev.txt", "pytest==9.2.0\n"),
    (rules.dependencies_are_pinned_and_explained, "ARCHITECTURE.md", "| duckdb, pyarrow | the database | |\n"),
    (rules.app_stays_small, "app.py", _DOC),
    (rules.app_stays_small, "app.py", _APP + "# a line\n" * 40),
    (rules.app_stays_small, "app.py", _APP + "from storage import database\n"),
    (rules.app_stays_small, "app.py", _APP + "def _f():\n    import engine.servicemen\n"),
    (rules.no_path_of_one_machine, "README.md", f"Go to {_MACHINE_FOLDER} and start.\n"),
    (rules.no_path_of_one_machine, "Makefile", f"DATA := {_MACHINE_FOLDER}\n"),
    (rules.exceptions_have_a_reason, "pyproject.toml", '[tool.ruff.lint]\nignore = [\n  "E501",\n]\n'),
]


@pytest.mark.parametrize(("rule", "address", "text"), PLANTS)
def test_a_planted_breach_is_caught(tree: Path, rule: Callable[[Path], list[str]], address: str, text: str) -> None:
    # given a tree that keeps the rule, with one breach planted
    _write(tree, address, text)

    # when the rule looks
    findings = rule(tree)

    # then it says so
    assert findings, f"{rule.__name__} saw nothing in {address}"


def test_every_rule_has_a_planted_breach() -> None:
    assert {rule for rule, _, _ in PLANTS} == set(rules.RULES)


def test_an_app_without_a_file_is_caught(tree: Path) -> None:
    (tree / "app.py").unlink()

    assert rules.app_stays_small(tree) == ["app.py:1: is missing."]
