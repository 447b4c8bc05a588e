"""Says in words what the wizard's answers hold: a line a step, the whole review, and the address as a URI. Pure."""

from dataclasses import dataclass
from urllib.parse import quote

from engine.base.errors import BadInput
from engine.connections import data_types, wizard
from engine.connections.matrix import SignInKind
from engine.connections.wizard import Answers, Step
from engine.security import provisioning
from storage.records.connections import Direction, Method, Methodology
from storage.records.credentials import Credential, CredentialKind
from storage.records.goals import PatternKind

GIVEN, PROVIDED = "Given by you", "Provided by Handoff"
_SET, _MISSING, _NONE = "set, not shown", "missing", "none"
WORDS: dict[str, str] = {
    Direction.INBOUND.value: "Give data to us (in)",
    Direction.OUTBOUND.value: "Receive data from us (out)",
    **{kind.value: facts.label for kind, facts in data_types.TABLE.items()},
    Method.EMAIL.value: "Email",
    Method.SFTP.value: "SFTP",
    Method.FTP.value: "FTP",
    SignInKind.PASSWORD.value: "Password",
    SignInKind.PUBLIC_KEY.value: "Public key",
    SignInKind.MADE_KEY.value: "Key pair made by Handoff",
    SignInKind.PRIVATE_KEY.value: "Private key",
    PatternKind.WILDCARD.value: "Wildcard",
    PatternKind.REGEX.value: "Regular expression",
}
"""The words on screen for the stable codes in the answers, where the direction does not matter."""
_METHODOLOGY_WORDS = {
    (Direction.INBOUND, Methodology.PUSH): "Push to us",
    (Direction.INBOUND, Methodology.PULL): "Pull from third party",
    (Direction.OUTBOUND, Methodology.PULL): "Pull from us",
    (Direction.OUTBOUND, Methodology.PUSH): "Push to partner",
}


@dataclass(frozen=True)
class Ours:
    """What Handoff provides: our host and port for the method, our fingerprint, the folder, the whole mail address.

    public_address: the IP address behind the host, which partners allow-list (requirement A07).
    """

    host: str = ""
    public_address: str = ""
    port: int = 0
    fingerprint: str = ""
    folder: str = ""
    address: str = ""


@dataclass(frozen=True)
class ReviewLine:
    """One line of the last step: label, value, and who gave it."""

    label: str
    value: str
    origin: str


def methodology_word(direction: Direction, methodology: Methodology) -> str:
    """Return the words for who starts the transfer: they depend on which way the data goes."""
    return _METHODOLOGY_WORDS[direction, methodology]


def summary(answers: Answers, step: Step, chosen: Credential | None = None) -> str:
    """Return what a done step says in one line, beside its name."""
    match step:
        case Step.DIRECTION:
            parts = [str(answers.get("name") or ""), _word(answers, "direction")]
        case Step.TYPE:
            parts = [_word(answers, "data_type")]
        case Step.METHOD:
            where = () if wizard.is_hosted(answers) else (_address(answers), _path(answers))
            pattern = (str(answers.get("files") or ""),) if wizard.is_hosted(answers) else ()
            to = (_listed(answers, "recipients"),) if wizard.sends_mail(answers) else where or pattern
            parts = [_word(answers, "method"), _methodology(answers), *to]
        case Step.CREDENTIALS:
            parts = _sign_in_parts(answers, chosen)
        case _:
            parts = []
    return " · ".join(part for part in parts if part)


def _sign_in_parts(answers: Answers, chosen: Credential | None) -> list[str]:
    if wizard.sends_mail(answers):
        return ["None needed"]
    if wizard.uses_existing(answers):
        return [chosen.name, chosen.username] if chosen else []
    if wizard.takes_mail(answers):
        return [str(answers.get("credential_name") or ""), str(answers.get("return_email") or "")]
    kind = _word(answers, "credential_kind").lower()
    return [str(answers.get("username") or ""), kind] if answers.get("username") else []


def review(answers: Answers, ours: Ours, chosen: Credential | None = None) -> tuple[ReviewLine, ...]:
    """Return every value, for the last step, and who gave it (requirement W34); secrets read "set, not shown".

    Args:
        answers: The draft.
        ours: What Handoff provides on this way.
        chosen: The existing credential that the draft uses.
    """
    lines = [
        ("Name", str(answers.get("name") or ""), GIVEN),
        ("Direction", _word(answers, "direction"), GIVEN),
        ("Data type", _word(answers, "data_type"), GIVEN),
        ("Method", _word(answers, "method"), GIVEN),
        ("Methodology", _methodology(answers), GIVEN),
    ]
    way = wizard.way(answers)
    if way is not None:
        lines += [line for field in way.place if (line := _place_line(answers, field))]
        lines += _hosted_lines(answers, ours)
        lines += _sign_in_lines(answers, chosen) if way.sign_in else []
    return tuple(ReviewLine(*line) for line in lines)


def _place_line(answers: Answers, field: str) -> tuple[str, str, str] | None:
    text = str(answers.get(field) or "").strip()
    minutes = int(answers.get("every_minutes") or 0)
    is_mail = answers.get("method") == Method.EMAIL.value
    is_regex = answers.get("files_kind") == PatternKind.REGEX.value
    values = {
        "host": ("Server", _address(answers)),
        "plain_ftp": ("Encryption", "None: plain FTP" if answers.get("plain_ftp") else "TLS (FTPS)"),
        "folder": ("Mailbox folder" if is_mail else "Folder", text),
        "files": ("File pattern (regular expression)" if is_regex else "File pattern", text or "every file"),
        "delete_after_pull": ("Delete after pull", "Yes" if answers.get("delete_after_pull") else "No"),
        "result_folder": ("Result folder", text or ("beside the files" if wizard.is_hosted(answers) else _NONE)),
        "every_minutes": ("Schedule", _beat(minutes, is_in=wizard.has_goal(answers))),
        "recipients": ("Recipients", _listed(answers, "recipients")),
        "subject": ("Subject", text),
        "allowed_senders": ("Allowed senders", _listed(answers, "allowed_senders") or "anybody who knows the address"),
    }
    found = values.get(field)
    return (*found, GIVEN) if found else None


def _beat(minutes: int, *, is_in: bool) -> str:
    if not minutes:
        return "Only by Run now" if is_in else "As files are sent"
    return "Every minute" if minutes == 1 else f"Every {minutes} minutes"


def _hosted_lines(answers: Answers, ours: Ours) -> list[tuple[str, str, str]]:
    if wizard.takes_mail(answers):
        return [("Schedule", "On arrival", PROVIDED), ("Address", ours.address, PROVIDED)]
    if not wizard.is_hosted(answers):
        return []
    lines = [("Schedule", "On arrival", PROVIDED)] if wizard.has_goal(answers) else []
    is_sftp = answers.get("method") == Method.SFTP.value
    return [
        *lines,
        ("Server", with_port(ours.host, ours.port), PROVIDED),
        ("Host key" if is_sftp else "Certificate", ours.fingerprint, PROVIDED),
        ("Folder", ours.folder, PROVIDED),
    ]


def _sign_in_lines(answers: Answers, chosen: Credential | None) -> list[tuple[str, str, str]]:
    origin = PROVIDED if wizard.is_hosted(answers) else GIVEN
    lines = _existing_lines(chosen, origin) if wizard.uses_existing(answers) else _new_lines(answers, origin)
    if "host_key" in wizard.shown(answers, Step.CREDENTIALS):
        is_sftp = answers.get("method") == Method.SFTP.value
        trusted = str(answers.get("host_key") or "")
        lines.append(("Host key", trusted, GIVEN) if is_sftp else ("Certificate", trusted or "by authority", GIVEN))
    return lines


def _existing_lines(chosen: Credential | None, origin: str) -> list[tuple[str, str, str]]:
    if chosen is None:
        return [("Credentials", _MISSING, GIVEN)]
    lines = [("Credentials", chosen.name, GIVEN)]
    if chosen.kind is not CredentialKind.ADDRESS:
        is_login_key = chosen.kind is CredentialKind.PUBLIC_KEY and chosen.public_keys
        said = provisioning.fingerprint(chosen.public_keys[0]) if is_login_key else _SET
        secret = (WORDS.get(chosen.kind.value, "Password"), said, origin)
        lines += [("User name", chosen.username, origin), secret]
    if chosen.method is Method.EMAIL:
        lines.append(("Return e-mail", chosen.return_email or _NONE, GIVEN))
    return lines


def _new_lines(answers: Answers, origin: str) -> list[tuple[str, str, str]]:
    lines = [("Credentials", str(answers.get("credential_name") or ""), GIVEN)]
    if not wizard.takes_mail(answers):
        is_set = bool(answers.get("has_secret"))
        is_pasted = answers.get("credential_kind") == SignInKind.PUBLIC_KEY.value
        secret = _pasted(answers) if is_pasted else _SET if is_set else _MISSING
        lines += [
            ("User name", str(answers.get("username") or ""), origin),
            (_word(answers, "credential_kind") or "Password", secret, GIVEN if is_pasted else origin),
        ]
    if answers.get("method") == Method.EMAIL.value:
        lines.append(("Return e-mail", str(answers.get("return_email") or "") or _NONE, GIVEN))
    return lines


def _pasted(answers: Answers) -> str:
    # No secret: whoever reviews it can compare it with what the partner says.
    try:
        return provisioning.fingerprint(provisioning.public_line(str(answers.get("public_key") or "")))
    except BadInput:
        return _MISSING


def uri_of(answers: Answers, ours: Ours, chosen: Credential | None = None) -> str:
    """Return the address that a draft leads to, as a URI (requirement W36); empty as long as the way is open."""
    if wizard.way(answers) is None:
        return ""
    is_ours = wizard.is_hosted(answers)
    username = chosen.username if chosen and wizard.uses_existing(answers) else str(answers.get("username") or "")
    return uri(
        Method(answers["method"]),
        username,
        ours.host if is_ours else str(answers.get("host") or "").strip(),
        ours.port if is_ours else int(answers.get("port") or 0),
        ours.folder if is_ours else str(answers.get("folder") or "").strip(),
        mail_to=(ours.address,) if is_ours else tuple(answers.get("recipients") or ()),
        is_mailbox="host" in wizard.shown(answers, Step.METHOD),
        is_plain=bool(answers.get("plain_ftp")),
    )


def uri(
    method: Method,
    username: str,
    host: str,
    port: int,
    folder: str,
    *,
    mail_to: tuple[str, ...] = (),
    is_mailbox: bool = False,
    is_plain: bool = False,
) -> str:
    """Return a URI: sftp://user@host:port/folder, ftps:// (ftp:// where plain), imaps:// for a mailbox, mailto:."""
    if method is Method.EMAIL and not is_mailbox:
        return "mailto:" + ",".join(quote(address, safe="@+") for address in mail_to)
    scheme = {Method.SFTP: "sftp", Method.FTP: "ftp" if is_plain else "ftps", Method.EMAIL: "imaps"}[method]
    who = f"{quote(username, safe='')}@" if username else ""
    path = quote(folder if folder.startswith("/") else f"/{folder}")
    return f"{scheme}://{who}{with_port(host, port)}{path}"


def with_port(host: str, port: int) -> str:
    """Return "host:port"; the host alone where a free port will be taken and nothing listens yet (port 0)."""
    return f"{bracketed(host)}:{port}" if port else bracketed(host)


def bracketed(host: str) -> str:
    """Return a host as it stands before ":port": an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def _word(answers: Answers, field: str) -> str:
    return WORDS.get(str(answers.get(field) or ""), "")


def _methodology(answers: Answers) -> str:
    if answers.get("direction") in set(Direction) and answers.get("methodology") in set(Methodology):
        return methodology_word(Direction(answers["direction"]), Methodology(answers["methodology"]))
    return ""


def _address(answers: Answers) -> str:
    host = str(answers.get("host") or "").strip()
    return f"{bracketed(host)}:{answers.get('port')}" if host else ""


def _path(answers: Answers) -> str:
    files = answers.get("files") or ""
    folder = str(answers.get("folder") or "")
    is_in = wizard.has_goal(answers)
    return f"{folder.rstrip('/')}/{files}" if is_in and files else "" if is_in else folder


def _listed(answers: Answers, field: str) -> str:
    given = answers.get(field)
    return ", ".join(str(item) for item in given) if isinstance(given, list | tuple) else ""
