"""The Connector wizard as a pure state machine: answers in, fields, problems and next step out.

The answers are a plain dict of JSON values, so that a draft can rest in the database and a page can be
reloaded at any step (requirements W01 to W40). Secrets are never in it: `has_secret` says that one is set,
`shown_at` that what Handoff provides was shown.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from engine.connections import data_types, fields, matrix
from engine.connections.matrix import SignInKind, Way
from storage.records.connections import Direction, Method, Methodology
from storage.records.goals import PatternKind
from storage.records.people import Role

Answers = dict[str, Any]
EXISTING, NEW = "existing", "new"
"""The answers of credential_choice."""
MAILBOX = "INBOX"
_CHOICE_ORDER = ("direction", "method", "methodology")


class Step(StrEnum):
    """The five steps, in order; the value is the word in the page's address."""

    DIRECTION = "Direction"
    TYPE = "Type"
    METHOD = "Method"
    CREDENTIALS = "Credentials"
    REVIEW = "Review"


def _no_refusal(host: str, port: int) -> str | None:
    del host, port
    return None


def _plain_pattern_problem(pattern: str, kind: PatternKind) -> str | None:
    del kind
    return fields.files_problem(pattern)


@dataclass(frozen=True)
class Known:
    """What answers are judged by beside themselves.

    names, credential_names: lower-case, of other connections and credentials. credential_ids: those that this person
    can choose for this draft. host_refusal: one sentence where a server may not be reached by our policy.
    pattern_problem: one sentence where a pattern cannot be used. role: of whom the draft is.
    """

    names: frozenset[str] = frozenset()
    credential_names: frozenset[str] = frozenset()
    credential_ids: frozenset[str] = frozenset()
    host_refusal: Callable[[str, int], str | None] = _no_refusal
    pattern_problem: Callable[[str, PatternKind], str | None] = _plain_pattern_problem
    role: Role | None = None


def begin() -> Answers:
    """Return the answers of a new draft: what is usual."""
    return {
        "port": matrix.WAYS[Direction.INBOUND, Method.SFTP, Methodology.PULL].port,
        "every_minutes": None,
        "files_kind": PatternKind.WILDCARD.value,
        "plain_ftp": False,
        "delete_after_pull": False,
        "credential_choice": NEW,
        "credential_kind": SignInKind.PASSWORD.value,
        "has_secret": False,
    }


def renewed(answers: Answers) -> Answers:
    """Return the answers of a draft that an earlier version of Handoff kept, with what was not asked then."""
    said = {**begin(), **answers}
    kind = said.pop("secret_kind", None)
    return {**said, "credential_kind": kind} if kind else said


def way(answers: Answers) -> Way | None:
    """Return the way that the answers have chosen, or None as long as it is open."""
    key = _way_key(answers)
    return matrix.WAYS.get(key) if key else None


def is_hosted(answers: Answers) -> bool:
    """Say whether partners come to us on the way chosen."""
    key = _way_key(answers)
    return key is not None and matrix.is_hosted(key[0], key[2])


def takes_mail(answers: Answers) -> bool:
    """Say whether the way needs an address of ours to which mail comes."""
    return _way_key(answers) == (Direction.INBOUND, Method.EMAIL, Methodology.PUSH)


def sends_mail(answers: Answers) -> bool:
    """Say whether we send mail on the way chosen, for which nobody signs in."""
    return _way_key(answers) == (Direction.OUTBOUND, Method.EMAIL, Methodology.PUSH)


def has_goal(answers: Answers) -> bool:
    """Say whether files come in, so that a goal says which ones and what becomes of them (requirement W04)."""
    return answers.get("direction") == Direction.INBOUND.value


def uses_existing(answers: Answers) -> bool:
    """Say whether existing credentials were chosen instead of new ones."""
    return answers.get("credential_choice") == EXISTING


def kinds(answers: Answers) -> tuple[SignInKind, ...]:
    """Return how one may sign in on the way chosen; empty where nobody chooses."""
    chosen = way(answers)
    return chosen.kinds if chosen else ()


def shown(answers: Answers, step: Step) -> tuple[str, ...]:
    """Return the fields that a step asks for, in order, given the answers so far."""
    chosen = way(answers)
    match step:
        case Step.DIRECTION:
            return ("name", "direction")
        case Step.TYPE:
            return ("data_type",)
        case Step.METHOD:
            place = chosen.place if chosen else ()
            return ("method", "methodology", *place)
        case Step.CREDENTIALS:
            return _sign_in_fields(answers, chosen) if chosen else ()
        case _:
            return ()


def _sign_in_fields(answers: Answers, chosen: Way) -> tuple[str, ...]:
    if not chosen.sign_in:
        return ()
    has_host_key = "host_key" in chosen.sign_in and not answers.get("plain_ftp")
    if uses_existing(answers):
        return ("credential_choice", "credential_id", *(("host_key",) if has_host_key else ()))
    left_out = set()
    if answers.get("credential_kind") != SignInKind.PUBLIC_KEY.value:
        left_out.add("public_key")
    if not has_host_key:
        left_out.add("host_key")
    return ("credential_choice", *(field for field in chosen.sign_in if field not in left_out))


def changed(before: Answers, changes: Answers) -> tuple[Answers, bool]:
    """Return the answers after some changed, and whether the secret set so far goes.

    What still fits stays; what does not is dropped, unless it is among the changes itself. A secret is for one
    server and one way: it goes when either changes, so that nobody can have it sent elsewhere.
    """
    after = {**before, **changes}
    drops = _dropped_by_way(before, after, changes)
    after = {**after, **drops, **changes}
    drops_secret = _context(before) != _context(after)
    if _server(before) != _server(after):
        after = {**after, "host_key": "", **changes}
        drops_secret = drops_secret or after.get("credential_kind") != SignInKind.MADE_KEY.value
        if not is_hosted(after):
            after = _without_chosen(after, changes)
    if before.get("credential_choice") != after.get("credential_choice"):
        drops_secret = True
        after = {**after, **({"username": ""} if is_hosted(after) else {}), **changes}
    if before.get("credential_kind") != after.get("credential_kind"):
        drops_secret = True
        after = {**after, "public_key": "", **changes}
    if before.get("public_key", "") != after.get("public_key", "") and "public_key" in changes:
        drops_secret = True
    if drops_secret:
        after = {**after, "has_secret": False, "shown_at": None}
        if after.get("credential_kind") == SignInKind.MADE_KEY.value:
            after["public_key"] = ""
    return _named(before, after), drops_secret


def _dropped_by_way(before: Answers, after: Answers, changes: Answers) -> Answers:
    drops: Answers = {}
    if before.get("direction") != after.get("direction"):
        drops["methodology"] = None
        offered = data_types.offered(Direction(after["direction"])) if after.get("direction") else ()
        if after.get("data_type") not in offered:
            drops["data_type"] = None
    now = {**after, **drops, **changes}
    for field in _CHOICE_ORDER:
        choices = _choices(now, field)
        if now.get(field) not in choices:
            drops[field] = now[field] = choices[0].value if len(choices) == 1 else None
    if before.get("method") != now.get("method") and now.get("method"):
        usual = [found.port for key, found in matrix.WAYS.items() if key[1] == now["method"] and found.port]
        drops |= {"host_key": "", "port": usual[0]}
    chosen = way(now)
    if chosen is not None:
        if _way_key(before) != _way_key(now):
            drops |= _dropped_folder(now, chosen)
        if _context(before) != _context(now):
            drops |= _dropped_sign_in(before, now, chosen)
    return drops


def _dropped_folder(now: Answers, chosen: Way) -> Answers:
    folder = str(now.get("folder") or "")
    if "folder" not in chosen.place:
        return {}
    if now.get("method") == Method.EMAIL.value:
        return {"folder": MAILBOX} if not folder or folder.startswith("/") else {}
    return {"folder": ""} if folder and not folder.startswith("/") else {}


def _dropped_sign_in(before: Answers, now: Answers, chosen: Way) -> Answers:
    drops: Answers = {"credential_id": None, "credential_choice": NEW, "public_key": ""}
    if is_hosted(now) or is_hosted(before):
        drops["username"] = ""
    if chosen.kinds and now.get("credential_kind") not in chosen.kinds:
        drops["credential_kind"] = chosen.kinds[0].value
    return drops


def _context(answers: Answers) -> tuple[object, ...]:
    """What a sign-in belongs to: the way of the files, and who signs in where."""
    return (answers.get("method"), is_hosted(answers) if _way_key(answers) else None)


def _server(answers: Answers) -> tuple[object, ...]:
    return (str(answers.get("host") or "").strip().lower(), answers.get("port"), bool(answers.get("plain_ftp")))


def _without_chosen(after: Answers, changes: Answers) -> Answers:
    if after.get("credential_id") and "credential_id" not in changes:
        return {**after, "credential_id": None, "credential_choice": NEW}
    return after


def _named(before: Answers, after: Answers) -> Answers:
    """Let the credential's name follow the connection's, as long as nobody gave it one of its own."""
    own = str(after.get("credential_name") or "")
    if own in ("", str(before.get("name") or "")) and not after.get("shown_at"):
        return {**after, "credential_name": str(after.get("name") or "")}
    return after


def problems(answers: Answers, step: Step, known: Known) -> dict[str, str]:
    """Return what keeps a person from leaving a step: field -> sentence; empty where nothing does."""
    found = {}
    for field in shown(answers, step):
        sentence = _problem(field, answers, known)
        if sentence:
            found[field] = sentence
    return found


def first_incomplete(answers: Answers, known: Known) -> Step:
    """Return the first step that cannot be left yet; Review where all are done."""
    for step in Step:
        if problems(answers, step, known):
            return step
    return Step.REVIEW


def allowed_step(answers: Answers, wanted: str | None, known: Known) -> Step:
    """Return the step to show: the wanted one, or the first incomplete one where that comes before it."""
    first = first_incomplete(answers, known)
    steps = list(Step)
    step = Step(wanted) if wanted in {member.value for member in Step} else first
    return step if steps.index(step) <= steps.index(first) else first


def _problem(field: str, answers: Answers, known: Known) -> str | None:
    text = str(answers.get(field) or "")
    checks: dict[str, Callable[[], str | None]] = {
        "name": lambda: fields.name_problem(text, known.names),
        "direction": lambda: _choice(answers, "direction", "Choose a direction."),
        "data_type": lambda: _type_problem(answers, known),
        "method": lambda: _choice(answers, "method", "Choose a method."),
        "methodology": lambda: _choice(answers, "methodology", "Choose who starts the transfer."),
        "host": lambda: fields.host_problem(text) or known.host_refusal(text.strip(), _port(answers)),
        "port": lambda: fields.port_problem(answers.get("port")),
        "folder": lambda: (
            fields.mailbox_problem(text)
            if answers.get("method") == Method.EMAIL.value
            else fields.folder_problem(text.strip())
        ),
        "files": lambda: _files_problem(answers, known),
        "result_folder": lambda: fields.result_folder_problem(text.strip()),
        "every_minutes": lambda: fields.minutes_problem(answers.get("every_minutes")),
        "recipients": lambda: fields.recipients_problem(answers.get("recipients")),
        "subject": lambda: fields.subject_problem(text),
        "allowed_senders": lambda: fields.senders_problem(answers.get("allowed_senders")),
        "credential_id": lambda: None if text in known.credential_ids else "Choose the credentials to use.",
        "credential_name": lambda: fields.credential_name_problem(text, known.credential_names),
        "credential_kind": lambda: None if text in kinds(answers) else "Choose how to sign in.",
        "public_key": lambda: None if text.strip() else "Paste the public key; it begins with ssh-.",
        "provisioned": lambda: (
            None if answers.get("shown_at") else "Create the credentials first; they are shown once."
        ),
        "return_email": lambda: fields.return_email_problem(text),
        "username": lambda: None if text.strip() else "Give the user name at the server.",
        "secret": lambda: _secret_problem(answers),
        "host_key": lambda: (
            fields.host_key_problem(text)
            if answers.get("method") == Method.SFTP.value
            else fields.certificate_problem(text)
        ),
    }
    return checks[field]() if field in checks else None


def _port(answers: Answers) -> int:
    port = answers.get("port")
    return port if isinstance(port, int) else 0


def _type_problem(answers: Answers, known: Known) -> str | None:
    direction = answers.get("direction")
    offered = data_types.offered(Direction(direction), known.role) if direction in set(Direction) else ()
    return None if answers.get("data_type") in set(offered) else "Choose the type of data."


def _files_problem(answers: Answers, known: Known) -> str | None:
    files = str(answers.get("files") or "").strip()
    chosen = way(answers)
    if not files:
        if answers.get("method") == Method.EMAIL.value:
            return "E-mail needs a pattern, e.g. audiences_*.csv."
        is_optional = chosen is not None and "files" in chosen.optional
        return None if is_optional else fields.files_problem(files)
    kind = answers.get("files_kind") or PatternKind.WILDCARD.value
    if kind not in set(PatternKind):
        return "Choose wildcard or regular expression."
    return known.pattern_problem(files, PatternKind(kind))


def _secret_problem(answers: Answers) -> str | None:
    if answers.get("has_secret"):
        return None
    match answers.get("credential_kind"):
        case SignInKind.PRIVATE_KEY.value:
            return "Upload the private key."
        case SignInKind.MADE_KEY.value:
            return "Make the key pair, and give the partner its public half."
        case _:
            return "Enter the password."


def _choice(answers: Answers, field: str, sentence: str) -> str | None:
    return None if answers.get(field) in set(_choices(answers, field)) else sentence


def _choices(answers: Answers, field: str) -> tuple[StrEnum, ...]:
    direction, method = answers.get("direction"), answers.get("method")
    if field == "direction":
        return matrix.directions()
    if direction not in set(Direction):
        return ()
    if field == "method":
        return matrix.methods(Direction(direction))
    return matrix.methodologies(Direction(direction), Method(method)) if method in set(Method) else ()


def _way_key(answers: Answers) -> tuple[Direction, Method, Methodology] | None:
    direction, method, how = (answers.get(field) for field in _CHOICE_ORDER)
    if direction not in set(Direction) or method not in set(Method) or how not in set(Methodology):
        return None
    key = (Direction(direction), Method(method), Methodology(how))
    return key if key in matrix.WAYS else None


FIELDS = frozenset(
    {"name", "direction", "data_type", "method", "methodology", "credential_choice"}
    | {field for found in matrix.WAYS.values() for field in found.given}
) - {"secret", "provisioned"}
"""The answers that a person gives; all others are ours to write."""
