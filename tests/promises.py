"""Says which promises and which faults no test keeps; `make promises` runs it.

A test keeps one by a mark: `@pytest.mark.promise("W10")` or `@pytest.mark.fault(77)`. The marks are read
from the sources, so nothing needs to be installed or run for the list.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).resolve().parent
LIST_FILE = TESTS / "promised_ids.txt"
_KINDS = ("promise", "fault")
_LINE_CHARACTERS = 100


@dataclass(frozen=True)
class Promised:
    """What is promised: ids such as W10 and rows such as 77, each in the order of the list."""

    promises: tuple[str, ...]
    faults: tuple[int, ...]


@dataclass(frozen=True)
class Mark:
    """One argument of a mark in a test; value is None where it is not written out and so cannot be read."""

    kind: str
    value: str | int | None
    file: str
    line: int


def promised(list_file: Path = LIST_FILE) -> Promised:
    """Read the list: words after # are left out, a number is a row of the faults, the rest are ids."""
    words: list[str] = []
    for line in list_file.read_text("utf-8").splitlines():
        words.extend(line.partition("#")[0].split())
    return Promised(
        promises=tuple(word for word in words if not word.isdigit()),
        faults=tuple(int(word) for word in words if word.isdigit()),
    )


def marks(folder: Path = TESTS) -> list[Mark]:
    """Collect the marks of all Python files below the folder."""
    found: list[Mark] = []
    for path in sorted(folder.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        found.extend(_marks_in(tree, path.relative_to(folder).as_posix()))
    return found


def _marks_in(tree: ast.AST, file: str) -> Iterator[Mark]:
    for node in ast.walk(tree):
        kind = _kind(node)
        if isinstance(node, ast.Call) and kind is not None:
            for argument in node.args or [ast.Constant(None)]:
                value = argument.value if isinstance(argument, ast.Constant) else None
                known = value if isinstance(value, str | int) else None
                yield Mark(kind, known, file, node.lineno)


def _kind(node: ast.AST) -> str | None:
    """Return which of our marks a call makes, seen by its ending: ...mark.promise(...)."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in _KINDS:
        return None
    of = node.func.value
    named = of.attr if isinstance(of, ast.Attribute) else of.id if isinstance(of, ast.Name) else ""
    return node.func.attr if named == "mark" else None


def unknown(found: Iterable[Mark], known: Promised) -> list[str]:
    """Return a sentence for each mark that names nothing on the list."""
    valid = {"promise": set[object](known.promises), "fault": set[object](known.faults)}
    return [
        f"{mark.file}:{mark.line}: {mark.kind}({mark.value!r}) is not on the list."
        for mark in found
        if mark.value not in valid[mark.kind]
    ]


def report(found: Iterable[Mark], known: Promised) -> str:
    """Say which promises and rows no mark names, and how many of how many are kept."""
    found = list(found)
    kept = {kind: {mark.value for mark in found if mark.kind == kind} for kind in _KINDS}
    open_promises = [name for name in known.promises if name not in kept["promise"]]
    open_faults = [str(row) for row in known.faults if row not in kept["fault"]]
    lines: list[str] = []
    for title, left, total in (
        ("promises", open_promises, len(known.promises)),
        ("faults", open_faults, len(known.faults)),
    ):
        lines.append(f"{title}: {total - len(left)} of {total} kept by a test, {len(left)} by none")
        lines.extend(_wrapped(left))
    return "\n".join(lines)


def _wrapped(words: list[str]) -> Iterator[str]:
    line = " "
    for word in words:
        if len(line) + len(word) >= _LINE_CHARACTERS:
            yield line
            line = " "
        line += f" {word}"
    if line.strip():
        yield line


def main() -> int:
    """Print the report; the status is 1 where a mark names nothing on the list."""
    known, found = promised(), marks()
    sys.stdout.write(report(found, known) + "\n")
    complaints = unknown(found, known)
    sys.stdout.writelines(f"{complaint}\n" for complaint in complaints)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
