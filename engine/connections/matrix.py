"""The matrix of ruling 20: which details a way of exchanging files needs, and who gives them. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from storage.records.connections import Direction, Method, Methodology


class SignInKind(StrEnum):
    """How somebody proves who they are, as the wizard asks for it.

    password: entered, or provided where partners sign in to us. public_key: theirs, pasted. private_key: ours,
    uploaded. made_key: Handoff makes the pair; the private half goes to the partner once where they sign in to us,
    and stays here where we sign in.
    """

    PASSWORD = "password"  # noqa: S105 - the name of a kind, no secret
    PUBLIC_KEY = "public_key"
    MADE_KEY = "made_key"
    PRIVATE_KEY = "private_key"


@dataclass(frozen=True)
class Way:
    """One combination: what a person gives, on which step, and what Handoff provides.

    place and sign_in name fields of the wizard's answers, in the order of the page; those in `optional` may stay
    empty. kinds: how one may sign in, the usual one first; empty where nobody chooses. port: the usual one at their
    server, 0 where partners come to us or mail goes out through our own server.
    """

    place: tuple[str, ...]
    sign_in: tuple[str, ...]
    provided: tuple[str, ...]
    optional: frozenset[str] = frozenset()
    kinds: tuple[SignInKind, ...] = ()
    port: int = 0

    @property
    def given(self) -> tuple[str, ...]:
        """All fields that a person gives."""
        return (*self.place, *self.sign_in)


_IN, _OUT = Direction.INBOUND, Direction.OUTBOUND
_PUSH, _PULL = Methodology.PUSH, Methodology.PULL
_EMAIL, _SFTP, _FTP = Method.EMAIL, Method.SFTP, Method.FTP
_FILES = ("files_kind", "files")
_LOGIN = ("credential_name", "username", "secret")
_PASSWORD_ONLY = (SignInKind.PASSWORD,)
_THEY_SIGN_IN = (SignInKind.PASSWORD, SignInKind.PUBLIC_KEY, SignInKind.MADE_KEY)
_WE_SIGN_IN = (SignInKind.PASSWORD, SignInKind.PRIVATE_KEY, SignInKind.MADE_KEY)
_OUR_SFTP = ("host", "port", "host_key", "username", "password")
_OUR_FTP = ("host", "port", "username", "password")
_PROVISIONED_SFTP = ("credential_name", "credential_kind", "public_key", "provisioned")
_PROVISIONED_FTP = ("credential_name", "provisioned")
_WITH_KIND = ("credential_name", "username", "credential_kind", "secret", "host_key")
_PULLED = frozenset({"files_kind", "delete_after_pull", "every_minutes"})

WAYS: dict[tuple[Direction, Method, Methodology], Way] = {
    (_IN, _EMAIL, _PUSH): Way(
        (*_FILES, "allowed_senders"),
        ("credential_name", "return_email", "provisioned"),
        ("address",),
        frozenset({"files_kind", "allowed_senders", "return_email"}),
    ),
    (_IN, _SFTP, _PUSH): Way(
        (*_FILES, "result_folder"),
        _PROVISIONED_SFTP,
        _OUR_SFTP,
        frozenset({"files_kind", "files", "result_folder", "public_key"}),
        _THEY_SIGN_IN,
    ),
    (_IN, _FTP, _PUSH): Way(
        (*_FILES, "result_folder"),
        _PROVISIONED_FTP,
        _OUR_FTP,
        frozenset({"files_kind", "files", "result_folder"}),
        _PASSWORD_ONLY,
    ),
    (_IN, _EMAIL, _PULL): Way(
        ("host", "port", "folder", *_FILES, "delete_after_pull", "every_minutes"),
        (*_LOGIN, "return_email", "host_key"),
        (),
        _PULLED | {"return_email", "host_key"},
        _PASSWORD_ONLY,
        993,
    ),
    (_IN, _SFTP, _PULL): Way(
        ("host", "port", "folder", *_FILES, "delete_after_pull", "result_folder", "every_minutes"),
        _WITH_KIND,
        (),
        _PULLED | {"result_folder"},
        _WE_SIGN_IN,
        22,
    ),
    (_IN, _FTP, _PULL): Way(
        ("host", "port", "plain_ftp", "folder", *_FILES, "delete_after_pull", "result_folder", "every_minutes"),
        (*_LOGIN, "host_key"),
        (),
        _PULLED | {"result_folder", "plain_ftp", "host_key"},
        _PASSWORD_ONLY,
        21,
    ),
    (_OUT, _SFTP, _PULL): Way((), _PROVISIONED_SFTP, (*_OUR_SFTP, "folder"), frozenset({"public_key"}), _THEY_SIGN_IN),
    (_OUT, _FTP, _PULL): Way((), _PROVISIONED_FTP, (*_OUR_FTP, "folder"), frozenset(), _PASSWORD_ONLY),
    (_OUT, _EMAIL, _PUSH): Way(("recipients", "subject", "every_minutes"), (), (), frozenset({"every_minutes"})),
    (_OUT, _SFTP, _PUSH): Way(
        ("host", "port", "folder", "every_minutes"), _WITH_KIND, (), frozenset({"every_minutes"}), _WE_SIGN_IN, 22
    ),
    (_OUT, _FTP, _PUSH): Way(
        ("host", "port", "plain_ftp", "folder", "every_minutes"),
        (*_LOGIN, "host_key"),
        (),
        frozenset({"every_minutes", "plain_ftp", "host_key"}),
        _PASSWORD_ONLY,
        21,
    ),
}
"""All eleven ways. Fetching our mail to a partner (outbound, e-mail, pull) does not exist."""


def directions() -> tuple[Direction, ...]:
    """Return the directions that can be chosen."""
    return tuple(Direction)


def methods(direction: Direction) -> tuple[Method, ...]:
    """Return the methods that can be chosen for a direction."""
    return tuple(method for method in Method if any(way[:2] == (direction, method) for way in WAYS))


def methodologies(direction: Direction, method: Method) -> tuple[Methodology, ...]:
    """Return who may start the transfer, for a direction and method."""
    return tuple(how for how in Methodology if (direction, method, how) in WAYS)


def is_hosted(direction: Direction, methodology: Methodology) -> bool:
    """Say whether partners come to us: they push files in, or fetch what we hold for them."""
    return methodology is (Methodology.PUSH if direction is Direction.INBOUND else Methodology.PULL)
