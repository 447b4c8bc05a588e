"""The rules of the house that no other tool keeps; each takes a tree and returns a sentence a finding."""

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

from tests.tidy import sources

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 400
APP_LINES_MIN = 40
APP_LINES_MAX = 80

# What app.py may import, beside the standard library: what pages may, the service, and what the server is made of.
APP_IMPORTS = (
    "streamlit",
    "starlette",
    "plotly",
    "pandas",
    "pages.parts",
    "engine.views",
    "engine.actions",
    "engine.base.errors",
    "engine.base.settings",
    "engine.service",
    "storage.records",
)

# The last word of a limit, before _MIN or _MAX: a unit of time or size, or what is counted.
UNITS = re.compile(
    r"S|MS|MINUTES|HOURS|DAYS|BYTES|BITS|PERCENT"
    r"|CHARACTERS|LINES|ROWS|COLUMNS|FIELDS|FILES|NAMES|PLACES|DIGITS|LEVELS"
    r"|JOBS|RUNS|STAGES|ATTEMPTS|TRIES|REJECTS|DRAFTS|CONNECTIONS|PROFILES|PEOPLE|MAPPINGS"
    r"|THREADS|PROCESSES|REQUESTS|CALLS|ITERATIONS|HASHES|BACKUPS"
    r"|PORTS|PARTS|MEMBERS|MAILS|DESCRIPTORS|SESSIONS|LOGINS|ADDRESSES|RECIPIENTS|MESSAGES|ATTACHMENTS|FOLDERS|ANSWERS|COMMANDS|TIMES"
)
# Words that may follow the unit and say of which.
_QUALIFIER = re.compile(r"_(AT_ONCE|ALIKE|SHOWN|KEPT|PER_[A-Z]+)$")

_SQL = re.compile(
    r"\s*(SELECT\s.*\sFROM\s|SELECT\s+[\w*('?]|INSERT\s+INTO\s|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s|MERGE\s+INTO\s"
    r"|CREATE\s+(OR\s+REPLACE\s+)?(TEMP(ORARY)?\s+)?(TABLE|VIEW|SCHEMA|MACRO)\s|ALTER\s+TABLE\s|TRUNCATE\s"
    r"|DROP\s+(TABLE|VIEW|SCHEMA)\s|WITH\s+\w+\s+AS\s*\(|COPY\s+[\w(]|ATTACH\s+'|PRAGMA\s|CHECKPOINT\b"
    r"|BEGIN\s+TRANSACTION|ROLLBACK\b|COMMIT\b)",
    re.DOTALL,
)
_SQL_SMALL = re.compile(
    r"\s*(select\s.*\sfrom\s+\w+(\s+where\s|\s*$)|insert\s+into\s|update\s+\S+\s+set\s|delete\s+from\s|merge\s+into\s"
    r"|(create|drop|alter)\s+table\s)",
    re.DOTALL,
)
_SQL_CALLS = {"execute", "executemany", "executescript", "sql"}

# Folders that exist on one machine only. Put together here so that this file does not match itself.
_MACHINE_PATH = re.compile(
    r"(?<![\w.])(?:/" + r"work(?:/|\b(?![-.\w]))|/" + r"root/|/" + r"Users/\w|/" + r"tmp/\w+/|[A-Z]:\\" + r"Users)"
)
_TEXT_ENDINGS = {".py", ".md", ".toml", ".txt", ".sh", ".sql", ".yaml", ".yml", ".json", ".css", ".js", ".html", ""}

Rule = Callable[[Path], list[str]]


def modules_have_a_docstring(root: Path) -> list[str]:
    """Every file starts with a docstring whose first line is a whole sentence."""
    return [
        f"{source.address}:1: starts with no one-sentence docstring."
        for source in sources.python(root)
        if not (ast.get_docstring(source.tree) or "").partition("\n")[0].endswith(".")
    ]


def public_things_have_a_docstring(root: Path) -> list[str]:
    """Public classes, functions and methods of the product say what their names cannot."""
    return [
        f"{source.address}:{node.lineno}: {node.name} has no docstring."
        for source in sources.product(root)
        for node in _public(source.tree)
        if ast.get_docstring(node) is None
    ]


def _public(body: ast.Module | ast.ClassDef) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in body.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            if not any(ast.unparse(decorator).endswith(("overload", "override")) for decorator in node.decorator_list):
                yield node
            if isinstance(node, ast.ClassDef):
                yield from _public(node)


def functions_are_short(root: Path) -> list[str]:
    """A function fits on a screen."""
    return [
        f"{source.address}:{node.lineno}: {node.name} has {length} lines, {FUNCTION_LINES_MAX} are allowed."
        for source in sources.python(root)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]


def files_are_short(root: Path) -> list[str]:
    """A file is read in one sitting, tests too."""
    return [
        f"{source.address}:1: has {len(source.lines)} lines, {FILE_LINES_MAX} are allowed."
        for source in sources.python(root)
        if len(source.lines) > FILE_LINES_MAX
    ]


def sql_stays_in_storage(root: Path) -> list[str]:
    """Neither a string of SQL nor a call that runs one stands outside storage/, nor in its records."""
    found: list[str] = []
    for source in sources.product(root):
        if source.address.startswith("storage/") and not source.address.startswith("storage/records/"):
            continue
        found += [
            f"{source.address}:{line}: SQL outside storage/."
            for line, text in sources.literals(source)
            if _SQL.match(text) or _SQL_SMALL.match(text)
        ]
        found += [
            f"{source.address}:{node.lineno}: {node.func.attr}() runs SQL outside storage/."
            for node in ast.walk(source.tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _SQL_CALLS
        ]
    return found


def streamlit_stays_in_pages(root: Path) -> list[str]:
    """Nothing below pages imports Streamlit, not even inside a function."""
    return [
        f"{source.address}:{line}: imports {name} below pages."
        for source in sources.python(root, ("engine", "storage"))
        for line, name in sources.imported(source)
        if name.partition(".")[0] == "streamlit"
    ]


def pages_hide_no_module(root: Path) -> list[str]:
    """Streamlit puts pages/ first on sys.path: a name in it must not be a module's, and pages end in _page.py."""
    taken = sys.stdlib_module_names | metadata.packages_distributions().keys()
    found: list[str] = []
    for path in sorted((root / "pages").iterdir()):
        if path.name == "__pycache__":
            continue
        if path.suffix == ".py" and not path.stem.endswith("_page") and not path.stem.startswith("_"):
            found.append(f"pages/{path.name}:1: a page's file ends in _page.py or starts with _.")
        if path.stem in taken:
            found.append(f"pages/{path.name}:1: hides the module {path.stem} from everyone.")
    return found


def limits_have_a_unit_and_a_reason(root: Path) -> list[str]:
    """Each constant of engine/base/limits.py ends in its unit and is followed by its reason."""
    path = root / "engine" / "base" / "limits.py"
    source = sources.read(root, path)
    found: list[str] = []
    body = source.tree.body
    for position, node in enumerate(body):
        names = [target.id for target in _targets(node) if isinstance(target, ast.Name)]
        for name in (name for name in names if not name.startswith("_")):
            if not _ends_in_unit(name):
                found.append(f"{source.address}:{node.lineno}: {name} does not end in its unit.")
            after = body[position + 1] if position + 1 < len(body) else None
            if not (isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)):
                found.append(f"{source.address}:{node.lineno}: {name} gives no reason in a line below it.")
    return found


def _targets(node: ast.stmt) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return node.targets
    return [node.target] if isinstance(node, ast.AnnAssign) else []


def _ends_in_unit(name: str) -> bool:
    name = _QUALIFIER.sub("", re.sub(r"_(MIN|MAX)$", "", name))
    return UNITS.fullmatch(name.rpartition("_")[2]) is not None


def rooms_are_in_architecture(root: Path) -> list[str]:
    """Each folder below engine/ and storage/ and each module of storage/ is named in ARCHITECTURE.md."""
    text = _architecture(root)
    return [
        f"{place}/{name}: ARCHITECTURE.md does not name `{name}`."
        for place, name in _rooms(root)
        if f"`{name}`" not in text
    ]


def rooms_are_in_a_layer(root: Path) -> list[str]:
    """Each room and module directly below engine/ and storage/ stands in the layers that import-linter checks."""
    settings = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = " ".join(layer for contract in contracts if contract["id"] == "layers" for layer in contract["layers"])
    known = set(re.findall(r"[\w.]+", layers))
    return [
        f"{place}/{name}: stands in no layer of pyproject.toml, so nothing guards its imports."
        for place, name in (*_rooms(root), *_modules(root, "engine"))
        if f"{place}.{name}" not in known and _is_importable(root / place / name)
    ]


def _is_importable(path: Path) -> bool:
    return path.with_suffix(".py").exists() or any(path.glob("*.py"))


def _rooms(root: Path) -> Iterator[tuple[str, str]]:
    for place in ("engine", "storage"):
        for path in sorted((root / place).iterdir()):
            if path.is_dir() and path.name != "__pycache__":
                yield place, path.name
    yield from _modules(root, "storage")


def _modules(root: Path, place: str) -> Iterator[tuple[str, str]]:
    for path in sorted((root / place).glob("*.py")):
        if path.name != "__init__.py":
            yield place, path.stem


def dependencies_are_pinned_and_explained(root: Path) -> list[str]:
    """Each line of the requirements is an exact pin, with a row in ARCHITECTURE.md: name, what for, licence."""
    explained: set[str] = set()
    for line in _architecture(root).splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) >= 3 and all(cells):
            explained.update(re.sub(r"[`\s]", "", name).lower() for name in cells[0].split(","))
    found: list[str] = []
    for path in sorted(root.glob("requirements*.txt")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            text = line.partition("#")[0].strip()
            if not text or text.startswith("-r "):
                continue
            pin = re.fullmatch(r"([\w.-]+)(\[[\w,]+\])?==[\w.]+", text)
            if pin is None:
                found.append(f"{path.name}:{number}: {text} is no exact pin.")
            elif pin[1].lower() not in explained:
                found.append(f"{path.name}:{number}: ARCHITECTURE.md has no row for {pin[1]}.")
    return found


def _architecture(root: Path) -> str:
    return (root / "ARCHITECTURE.md").read_text("utf-8")


def app_stays_small(root: Path) -> list[str]:
    """app.py launches and does nothing else; import-linter cannot watch a single file."""
    path = root / "app.py"
    if not path.exists():
        return ["app.py:1: is missing."]
    source = sources.read(root, path)
    found: list[str] = []
    if not APP_LINES_MIN <= len(source.lines) <= APP_LINES_MAX:
        found.append(f"app.py:1: has {len(source.lines)} lines; {APP_LINES_MIN} to {APP_LINES_MAX} are allowed.")
    return found + [
        f"app.py:{line}: may not import {name}."
        for line, name in sources.imported(source)
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not any(f"{name}.".startswith(f"{allowed}.") for allowed in APP_IMPORTS)
    ]


def no_path_of_one_machine(root: Path) -> list[str]:
    """No file names a folder that exists on somebody's machine only."""
    found: list[str] = []
    for path in sources.files(root):
        if path.suffix not in _TEXT_ENDINGS:
            continue
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), start=1):
            match = _MACHINE_PATH.search(line)
            if match:
                found.append(f"{path.relative_to(root).as_posix()}:{number}: names a machine's path, {match[0]}.")
    return found


def exceptions_have_a_reason(root: Path) -> list[str]:
    """Each rule of ruff that pyproject.toml switches off says why, beside it."""
    return [
        f"pyproject.toml:{number}: {line.split(chr(34))[1]} is ignored without a reason."
        for number, line in enumerate((root / "pyproject.toml").read_text("utf-8").splitlines(), start=1)
        if re.match(r'\s*"[A-Z]+\d+",', line) and not re.search(r"#\s*\w+", line)
    ]


RULES: tuple[Rule, ...] = (
    modules_have_a_docstring,
    public_things_have_a_docstring,
    functions_are_short,
    files_are_short,
    sql_stays_in_storage,
    streamlit_stays_in_pages,
    pages_hide_no_module,
    limits_have_a_unit_and_a_reason,
    rooms_are_in_architecture,
    rooms_are_in_a_layer,
    dependencies_are_pinned_and_explained,
    app_stays_small,
    no_path_of_one_machine,
    exceptions_have_a_reason,
)
