"""The Connector wizard as a pure state machine: answers in, problems, next step and review out.

The answers are a plain dict of JSON values, so that a draft can rest in the database and a page can be
reloaded at any step (requirements W01 to W40). Secrets are never in it: `has_secret` says that one is set.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from engine.base import limits
from engine.connections import matrix
from storage.records.connections import PORT_MAX, DataType, Direction, Method, Methodology, SecretKind

Answers = dict[str, Any]
_HOST = re.compile(r"^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_.:-]*[A-Za-z0-9])?$")
_FINGERPRINT = re.compile(r"^SHA256:[A-Za-z0-9+/]{43}$")
SFTP_PORT = 22


class Step(StrEnum):
    """The five steps, in order; the value is the word in the page's address."""

    DIRECTION = "Direction"
    TYPE = "Type"
    METHOD = "Method"
    CREDENTIALS = "Credentials"
    REVIEW = "Review"


_FIELDS = {
    Step.DIRECTION: ("name", "direction"),
    Step.TYPE: ("data_type",),
    Step.METHOD: ("method", "methodology", "host", "port", "folder", "files", "every_minutes"),
    Step.CREDENTIALS: ("username", "secret", "host_key"),
    Step.REVIEW: (),
}

WORDS: dict[str, str] = {
    Direction.INBOUND.value: "Give data to us (in)",
    Direction.OUTBOUND.value: "Receive data from us (out)",
    DataType.CONVERSIONS.value: "Conversions",
    DataType.ACTION_MODIFICATIONS.value: "Action modifications and reversals",
    DataType.CLICKS.value: "Clicks",
    DataType.PRODUCT_CATALOGS.value: "Product catalogs",
    DataType.AUDIENCES.value: "Audiences",
    DataType.IDENTITIES.value: "Identities",
    DataType.CARD_LINKED_TRANSACTIONS.value: "Card-linked transactions",
    DataType.AGGREGATE_PERFORMANCE.value: "Aggregate performance",
    Method.EMAIL.value: "Email",
    Method.SFTP.value: "SFTP",
    Method.FTP.value: "FTP",
    Methodology.PUSH.value: "Push to us",
    Methodology.PULL.value: "Pull from third party",
    SecretKind.PASSWORD.value: "Password",
    SecretKind.PRIVATE_KEY.value: "Private key",
}
"""The words on screen for the stable codes in the answers."""


@dataclass(frozen=True)
class ReviewLine:
    """One line of the last step: label, value, and who gave it."""

    label: str
    value: str
    origin: str


def begin() -> Answers:
    """Return the answers of a new draft: what is usual, and what leaves no choice."""
    usual: Answers = {"port": SFTP_PORT, "every_minutes": None}
    answers: Answers = {**usual, "secret_kind": SecretKind.PASSWORD.value, "has_secret": False}
    for field, offered in _OFFERED.items():
        choices = offered(answers)
        if len(choices) == 1:
            answers[field] = choices[0].value
    return answers


def problems(answers: Answers, step: Step, taken_names: frozenset[str]) -> dict[str, str]:
    """Return what keeps a person from leaving a step: field -> sentence; empty where nothing does.

    Args:
        answers: The draft.
        step: The step to check, alone.
        taken_names: Lower-case names of other connections.
    """
    found = {}
    for field in _FIELDS[step]:
        sentence = _problem(field, answers, taken_names)
        if sentence:
            found[field] = sentence
    return found


def first_incomplete(answers: Answers, taken_names: frozenset[str]) -> Step:
    """Return the first step that cannot be left yet; Review where all are done."""
    for step in Step:
        if problems(answers, step, taken_names):
            return step
    return Step.REVIEW


def allowed_step(answers: Answers, wanted: str | None, taken_names: frozenset[str]) -> Step:
    """Return the step to show: the wanted one, or the first incomplete one where that comes before it."""
    first = first_incomplete(answers, taken_names)
    steps = list(Step)
    step = Step(wanted) if wanted in {member.value for member in Step} else first
    return step if steps.index(step) <= steps.index(first) else first


def summary(answers: Answers, step: Step) -> str:
    """Return what a done step says in one line, beside its name."""
    match step:
        case Step.DIRECTION:
            parts = [answers.get("name", ""), _word(answers, "direction")]
        case Step.TYPE:
            parts = [_word(answers, "data_type")]
        case Step.METHOD:
            parts = [_word(answers, "method"), _word(answers, "methodology"), _address(answers), _path(answers)]
        case Step.CREDENTIALS:
            parts = [answers.get("username", ""), _word(answers, "secret_kind").lower()]
        case _:
            parts = []
    return " · ".join(part for part in parts if part)


def review(answers: Answers) -> tuple[ReviewLine, ...]:
    """Return every value entered, for the last step (requirement W34); secrets read "set, not shown"."""
    minutes = answers.get("every_minutes")
    lines = (
        ("Name", answers.get("name", "")),
        ("Direction", _word(answers, "direction")),
        ("Data type", _word(answers, "data_type")),
        ("Method", _word(answers, "method")),
        ("Methodology", _word(answers, "methodology")),
        ("Server", _address(answers)),
        ("Folder", answers.get("folder", "")),
        ("File pattern", answers.get("files", "")),
        ("Schedule", f"Every {minutes} minutes" if minutes else "Only by Run now"),
        ("User name", answers.get("username", "")),
        (_word(answers, "secret_kind") or "Password", "set, not shown" if answers.get("has_secret") else "missing"),
        ("Host key", answers.get("host_key", "")),
    )
    return tuple(ReviewLine(label, value, "Given by you") for label, value in lines)


def _problem(field: str, answers: Answers, taken_names: frozenset[str]) -> str | None:
    checks: dict[str, Callable[[], str | None]] = {
        "name": lambda: name_problem(answers.get("name", ""), taken_names),
        "direction": lambda: _choice(answers, "direction", matrix.directions(), "Choose a direction."),
        "data_type": lambda: _choice(answers, "data_type", _types(answers), "Choose the type of data."),
        "method": lambda: _choice(answers, "method", _methods(answers), "Choose a method."),
        "methodology": lambda: _choice(
            answers, "methodology", _methodologies(answers), "Choose who starts the transfer."
        ),
        "host": lambda: host_problem(answers.get("host", "")),
        "port": lambda: port_problem(answers.get("port")),
        "folder": lambda: folder_problem(answers.get("folder", "")),
        "files": lambda: files_problem(answers.get("files", "")),
        "every_minutes": lambda: minutes_problem(answers.get("every_minutes")),
        "username": lambda: None if str(answers.get("username", "")).strip() else "Give the user name at the server.",
        "secret": lambda: _secret_problem(answers),
        "host_key": lambda: host_key_problem(answers.get("host_key", "")),
    }
    return checks[field]()


def name_problem(name: str, taken_names: frozenset[str]) -> str | None:
    """Return what is wrong with a connection's name, or None (requirement W02)."""
    if not name.strip():
        return "Give the connection a name."
    if len(name) > limits.NAME_CHARACTERS_MAX or not name.isprintable():
        return f"A name has at most {limits.NAME_CHARACTERS_MAX} printable characters."
    if name.strip().lower() in taken_names:
        return f"A connection named {name.strip()} exists. Choose another name."
    return None


def host_problem(host: str) -> str | None:
    """Return what is wrong with a server's name or address, or None."""
    if not host.strip():
        return "Give the server's name or address."
    return None if _HOST.match(host.strip()) else "A server's name has letters, digits, dots and dashes only."


def port_problem(port: object) -> str | None:
    """Return what is wrong with a port, or None (requirement F05)."""
    if isinstance(port, int) and not isinstance(port, bool) and 1 <= port <= PORT_MAX:
        return None
    return f"The port is a number from 1 to {PORT_MAX}; SFTP usually has 22."


def folder_problem(folder: str) -> str | None:
    """Return what is wrong with a remote folder, or None (requirement W10)."""
    if folder.startswith("/") and ".." not in folder.split("/") and folder.isprintable():
        return None
    return "The folder must begin with /, without '..'."


def files_problem(files: str) -> str | None:
    """Return what is wrong with a file pattern, or None (requirement W11)."""
    if not files.strip():
        return "Give a pattern or an exact name, e.g. purchases_*.csv."
    if "/" in files or not files.isprintable():
        return "The pattern is compared with file names; write the folder into the folder field."
    return None


def minutes_problem(minutes: object) -> str | None:
    """Return what is wrong with "every X minutes", or None; None minutes means by hand only."""
    low, high = limits.SCHEDULE_MINUTES_MIN, limits.SCHEDULE_MINUTES_MAX
    if minutes is None or (isinstance(minutes, int) and not isinstance(minutes, bool) and low <= minutes <= high):
        return None
    return f"Every {low} to {high:,} minutes."


def host_key_problem(host_key: str) -> str | None:
    """Return what is wrong with a host key's fingerprint, or None."""
    if _FINGERPRINT.match(host_key):
        return None
    return "Fetch the host key and confirm that it is the server's: SHA256: and 43 characters."


def _secret_problem(answers: Answers) -> str | None:
    if answers.get("secret_kind") not in {kind.value for kind in SecretKind}:
        return "Choose password or private key."
    if not answers.get("has_secret"):
        is_password = answers["secret_kind"] == SecretKind.PASSWORD.value
        return "Enter the password." if is_password else "Upload the private key."
    return None


def _choice(answers: Answers, field: str, offered: tuple[StrEnum, ...], sentence: str) -> str | None:
    return None if answers.get(field) in {item.value for item in offered} else sentence


def _types(answers: Answers) -> tuple[StrEnum, ...]:
    return matrix.data_types(Direction(answers["direction"])) if answers.get("direction") in set(Direction) else ()


def _methods(answers: Answers) -> tuple[StrEnum, ...]:
    return matrix.methods(Direction(answers["direction"])) if answers.get("direction") in set(Direction) else ()


def _methodologies(answers: Answers) -> tuple[StrEnum, ...]:
    if answers.get("direction") in set(Direction) and answers.get("method") in set(Method):
        return matrix.methodologies(Direction(answers["direction"]), Method(answers["method"]))
    return ()


def _word(answers: Answers, field: str) -> str:
    return WORDS.get(str(answers.get(field, "")), "")


def _address(answers: Answers) -> str:
    return f"{answers['host']}:{answers.get('port', 22)}" if answers.get("host") else ""


def _path(answers: Answers) -> str:
    return f"{str(answers.get('folder', '')).rstrip('/')}/{answers['files']}" if answers.get("files") else ""


_OFFERED: dict[str, Callable[[Answers], tuple[StrEnum, ...]]] = {
    "direction": lambda _: matrix.directions(),
    "method": _methods,
    "methodology": _methodologies,
}
"""What is offered for a field, each given the answers before it."""
