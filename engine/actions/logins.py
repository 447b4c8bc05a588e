"""Makes what a partner signs in to us with, and what is shown of it, once (requirements W20, W26, W27)."""

from dataclasses import dataclass, field

from engine.connections.matrix import SignInKind
from engine.connections.telling import Ours
from engine.security import provisioning
from storage.database import Cursor
from storage.records.connections import Method
from storage.records.credentials import CredentialKind
from storage.tables import credentials

_PROTOCOLS = {Method.SFTP: "sftp", Method.FTP: "ftps", Method.EMAIL: "mail"}


@dataclass(frozen=True)
class Provisioned:
    """What a person sees once: a password, or the private half of a pair that we made, or neither.

    fingerprint: of our host key or certificate, for the other side to compare. public_key: the line that was pasted
    or made. protocol: "sftp", "ftps" or "mail". host and port are the partner's own where we sign in with the pair.
    """

    name: str
    protocol: str
    username: str = ""
    password: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    public_key: str = ""
    host: str = ""
    port: int = 0
    folder: str = ""
    address: str = ""
    fingerprint: str = ""

    @property
    def text(self) -> str:
        """All of it as lines for the clipboard."""
        lines = (
            ("Name", self.name),
            ("Protocol", self.protocol),
            ("Host", self.host),
            ("Port", str(self.port) if self.port else ""),
            ("User name", self.username),
            ("Password", self.password or ""),
            ("Folder", self.folder),
            ("Address", self.address),
            ("Host key" if self.protocol == "sftp" else "Certificate", self.fingerprint),
            ("Public key", self.public_key),
        )
        said = "\n".join(f"{label}: {value}" for label, value in lines if value)
        return f"{said}\n\n{self.private_key}" if self.private_key else said


@dataclass(frozen=True)
class Login:
    """A login that was just made. password_hash and public_keys are what is kept of it."""

    username: str
    kind: CredentialKind
    password_hash: str = field(default="", repr=False)
    public_keys: tuple[str, ...] = ()
    password: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)


def new_login(cursor: Cursor, name: str, kind: SignInKind, public_key: str, username: str = "") -> Login:
    """Make a login by which a partner signs in to us.

    Args:
        cursor: To see which user names are taken.
        name: What it is for; the user name begins like it.
        kind: password, public_key (pasted) or made_key.
        public_key: The pasted key, where the kind wants one.
        username: Kept where it is given: a login whose secret is replaced.

    Raises:
        BadInput: The pasted key cannot be used.
    """
    username = username or _free_username(cursor, name)
    if kind is SignInKind.PASSWORD:
        password = provisioning.new_password()
        hashed = provisioning.hash_password(password)
        return Login(username, CredentialKind.PASSWORD, password_hash=hashed, password=password)
    if kind is SignInKind.MADE_KEY:
        private, public = provisioning.new_pair(username)
        keys = (provisioning.public_line(public),)
        return Login(username, CredentialKind.PUBLIC_KEY, public_keys=keys, private_key=private)
    return Login(username, CredentialKind.PUBLIC_KEY, public_keys=(provisioning.public_line(public_key),))


def told(name: str, method: Method, place: Ours, login: Login | None) -> Provisioned:
    """Return what is shown, once, of what was just made; login is None for mail that comes to us."""
    if login is None:
        login = Login("", CredentialKind.ADDRESS)
    return Provisioned(
        name,
        _PROTOCOLS[method],
        username=login.username,
        password=login.password,
        private_key=login.private_key,
        public_key=login.public_keys[0] if login.public_keys else "",
        host=place.host,
        port=place.port,
        folder="" if method is Method.EMAIL else place.folder,
        address=place.address,
        fingerprint=place.fingerprint,
    )


def _free_username(cursor: Cursor, name: str) -> str:
    while credentials.by_login(cursor, username := provisioning.new_username(name)) is not None:
        pass
    return username
