"""What may stand in one entry of the wizard: each function returns what is wrong with it, or None. Pure."""

import re

from engine.base import limits
from storage.records.connections import PORT_MAX

_HOST = re.compile(r"^(?=.{1,253}$)[A-Za-z0-9_:]([A-Za-z0-9_.:-]*[A-Za-z0-9:])?$")
_FINGERPRINT = re.compile(r"^SHA256:[A-Za-z0-9+/]{43}=?$")
_HOSTED_FOLDER = re.compile(r"^/([A-Za-z0-9][A-Za-z0-9._-]*)?\Z")
_USERNAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_OWN_ADDRESS = re.compile(r"^[a-z0-9][a-z0-9-]{21,63}\Z")
_EMAIL = re.compile(
    r"^[^\s@<>\",;:()\[\]\\]+@(?=[^@]{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9-]+)*$"
)


def name_problem(name: str, taken_names: frozenset[str]) -> str | None:
    """Return what is wrong with a connection's name, or None (requirement W02)."""
    if not name.strip():
        return "Give the connection a name."
    if len(name) > limits.NAME_CHARACTERS_MAX or not name.isprintable():
        return f"A name has at most {limits.NAME_CHARACTERS_MAX} printable characters."
    if name.strip().lower() in taken_names:
        return f"A connection named {name.strip()} exists. Choose another name."
    return None


def credential_name_problem(name: str, taken_names: frozenset[str]) -> str | None:
    """Return what is wrong with a credential's name, or None (requirement W18)."""
    if not name.strip():
        return "Give the credentials a name that says what they are for."
    if len(name) > limits.NAME_CHARACTERS_MAX or not name.isprintable():
        return f"A name has at most {limits.NAME_CHARACTERS_MAX} printable characters."
    if name.strip().lower() in taken_names:
        return f"Credentials named {name.strip()} exist. Choose another name, or use those."
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
    return f"The port is a number from 1 to {PORT_MAX}; SFTP usually has 22, FTP 21 and IMAP 993."


def folder_problem(folder: str) -> str | None:
    """Return what is wrong with a remote folder, or None (requirement W10)."""
    if folder.startswith("/") and ".." not in folder.split("/") and folder.isprintable():
        return None
    return "The folder must begin with /, without '..'."


def mailbox_problem(folder: str) -> str | None:
    """Return what is wrong with the name of a mailbox folder, or None (requirement W13)."""
    if not folder.strip():
        return "Give the mailbox folder, mostly INBOX."
    return None if folder.isprintable() else "The name of a mailbox folder has printable characters only."


def hosted_folder_problem(folder: str) -> str | None:
    """Return what is wrong with where a connection lies in a login's tree, or None."""
    if _HOSTED_FOLDER.match(folder):
        return None
    return "The hosted folder is / or one name below it, such as /orders."


def username_problem(username: str) -> str | None:
    """Return what is wrong with a user name by which others sign in to us, or None."""
    if _USERNAME.match(username):
        return None
    return "A user name begins with a letter or a digit and has at most 64 letters, digits, dots, dashes and _."


def own_address_problem(address: str) -> str | None:
    """Return what is wrong with the local part of an address of ours, or None: it has to be one that nobody guesses."""
    if _OWN_ADDRESS.match(address):
        return None
    return (
        "An address of ours has 22 to 64 small letters, digits and dashes, so that nobody guesses it; leave it out, "
        "and Handoff makes one."
    )


def result_folder_problem(folder: str) -> str | None:
    """Return what is wrong with the folder for receipts and results, or None; empty means none (requirement W31)."""
    if not folder or folder_problem(folder) is None:
        return None
    return "The result folder must begin with /, without '..'; leave it empty for none."


def files_problem(files: str) -> str | None:
    """Return what is wrong with how files are named, whatever the kind of pattern, or None (requirement W11)."""
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
    """Return what is wrong with an SSH host key's fingerprint, or None."""
    if _FINGERPRINT.match(host_key):
        return None
    return "Fetch the host key and confirm that it is the server's."


def certificate_problem(fingerprint: str) -> str | None:
    """Return what is wrong with the fingerprint of the one certificate to trust, or None; empty trusts the usual."""
    if not fingerprint or _FINGERPRINT.match(fingerprint):
        return None
    return "Fetch the certificate and confirm it, or leave it out: then only authorities are trusted."


def email_problem(email: str) -> str | None:
    """Return what is wrong with an e-mail address, or None (requirement W23)."""
    if len(email) <= limits.EMAIL_CHARACTERS_MAX and email.isprintable() and _EMAIL.match(email):
        return None
    return f"{email[:60]} is no e-mail address; write one such as results@example.org."


def return_email_problem(email: str) -> str | None:
    """Return what is wrong with a return address, or None; empty means no receipts and results (requirement W25)."""
    return email_problem(email.strip()) if email.strip() else None


def recipients_problem(recipients: object) -> str | None:
    """Return what is wrong with whom mail goes to, or None."""
    if not isinstance(recipients, list | tuple) or not recipients:
        return "Give at least one recipient's e-mail address."
    if len(recipients) > limits.RECIPIENTS_MAX:
        return f"A connection sends to at most {limits.RECIPIENTS_MAX} recipients."
    return next((found for one in recipients if (found := email_problem(str(one)))), None)


def senders_problem(senders: object) -> str | None:
    """Return what is wrong with who may send, or None; empty means whoever knows the address."""
    for one in senders if isinstance(senders, list | tuple) else ():
        text = str(one)
        if email_problem(f"any{text}" if text.startswith("@") else text):
            return f"{text[:60]} is no sender; write an e-mail address, or a domain such as @example.org."
    return None


def subject_problem(subject: str) -> str | None:
    """Return what is wrong with the subject of mail that we send, or None."""
    if not subject.strip():
        return "Give the subject that the mails should have."
    if len(subject) > limits.SUBJECT_CHARACTERS_MAX or not subject.isprintable():
        return f"A subject has at most {limits.SUBJECT_CHARACTERS_MAX} printable characters."
    return None
