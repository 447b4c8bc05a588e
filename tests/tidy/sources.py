"""Finds and parses the repository's own files for the rules of the house."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("app.py", "pages", "engine", "storage")
_NOT_OURS = {".git", ".venv", ".venv-bench", "data", "__pycache__", "node_modules"}
_CACHE_ENDING = "_cache"


@dataclass(frozen=True)
class Source:
    """A Python file: its address below the root, its lines and its tree."""

    address: str
    lines: tuple[str, ...]
    tree: ast.Module


def files(root: Path) -> Iterator[Path]:
    """Yield every file of ours below the root, in a fixed order; environments, data and caches are not ours."""
    for entry in sorted(root.iterdir()):
        if entry.name in _NOT_OURS or entry.name.endswith(_CACHE_ENDING) or entry.name == ".hypothesis":
            continue
        if entry.is_dir():
            yield from files(entry)
        else:
            yield entry


def product(root: Path) -> list[Source]:
    """Return the Python files that make up the product."""
    return python(root, PRODUCT)


def python(root: Path, places: tuple[str, ...] = (*PRODUCT, "tests")) -> list[Source]:
    """Return the Python files in these places: files or folders of the root."""
    found: list[Source] = []
    for place in places:
        base = root / place
        paths = files(base) if base.is_dir() else [base] if base.exists() else []
        found.extend(read(root, path) for path in paths if path.suffix == ".py")
    return found


def read(root: Path, path: Path) -> Source:
    """Parse one file."""
    text = path.read_text("utf-8")
    return Source(path.relative_to(root).as_posix(), tuple(text.splitlines()), ast.parse(text))


def imported(source: Source) -> Iterator[tuple[int, str]]:
    """Yield the line and the full name of every module or name a file imports, at any depth."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module or '.'}.{alias.name}") for alias in node.names)


def literals(source: Source) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of every string literal that is no docstring; gaps of f-strings become x."""
    docstrings = {id(text) for node in ast.walk(source.tree) for text in _docstring(node)}
    inside = {id(part) for node in ast.walk(source.tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.JoinedStr):
            yield (
                node.lineno,
                "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values),
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings | inside:
            yield node.lineno, node.value


def _docstring(node: ast.AST) -> list[ast.expr]:
    """Return the literal that is a node's docstring, where it has one."""
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
        first = node.body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            return [first.value]
    return []
