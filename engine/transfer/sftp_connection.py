"""Reaches an SFTP server, proves who it is before anything secret leaves, and signs in with asyncssh."""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass

import asyncssh

from engine.base import limits
from engine.base.errors import Category, HandoffError, TryAgain
from engine.transfer import addresses, names, sentences
from engine.transfer.transport import Place, Steps
from storage.records.connections import Secrets
from storage.records.files import HostKey

_KEY_EXCHANGES = [
    "mlkem768x25519-sha256",
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
    "diffie-hellman-group14-sha256",
    "diffie-hellman-group-exchange-sha256",
]
_CIPHERS = [
    "aes128-gcm@openssh.com",  # first, because it is the fastest of those that are all safe
    "aes256-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes256-ctr",
    "aes192-ctr",
    "aes128-ctr",
]
_MACS = [
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "umac-128-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
]
_HOST_KEY_FAMILIES = {
    "ssh-ed25519": ["ssh-ed25519"],
    "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
    "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
    "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
    "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"],  # an RSA key, but never its SHA-1 signature
}
_HOST_KEY_ALGORITHMS = [algorithm for family in _HOST_KEY_FAMILIES.values() for algorithm in family]


@dataclass(frozen=True)
class _Offer:
    """The algorithms that we offer to a server."""

    key_exchanges: list[str]
    host_keys: list[str]
    ciphers: list[str]
    macs: list[str]


_MODERN = _Offer(_KEY_EXCHANGES, _HOST_KEY_ALGORITHMS, _CIPHERS, _MACS)
_OUTDATED_TOO = _Offer(
    [
        *_KEY_EXCHANGES,
        "diffie-hellman-group-exchange-sha1",
        "diffie-hellman-group14-sha1",
        "diffie-hellman-group1-sha1",
    ],
    [*_HOST_KEY_ALGORITHMS, "ssh-rsa", "ssh-dss"],
    [*_CIPHERS, "aes256-cbc", "aes128-cbc", "3des-cbc"],
    [*_MACS, "hmac-sha1", "hmac-md5"],
)
"""To be able to say that a server is too old; we sign in with it only where an administrator lets that server be."""


class _AnotherHostKeyError(Exception):
    """The server showed a key that is not the confirmed one."""

    def __init__(self, offered: HostKey) -> None:
        super().__init__(offered.fingerprint)
        self.offered = offered


class _Client(asyncssh.SSHClient):
    """Judges the host key before anything secret leaves, and gives the password once."""

    def __init__(self, confirmed: str, password: str | None) -> None:
        self._confirmed = confirmed
        self._password = password
        self.offered: HostKey | None = None
        self.has_proved = asyncio.Event()

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        del host, addr, port  # the fingerprint is what a person confirmed, wherever it answers
        self.offered = HostKey(kind=key.get_algorithm(), fingerprint=key.get_fingerprint("sha256"))
        is_confirmed = self.offered.fingerprint == self._confirmed
        if is_confirmed:
            self.has_proved.set()
        return is_confirmed

    def password_auth_requested(self) -> str | None:
        password, self._password = self._password, None
        return password

    def kbdint_auth_requested(self) -> str | None:
        return "" if self._password is not None else None

    def kbdint_challenge_received(
        self, name: str, instructions: str, lang: str, prompts: Sequence[tuple[str, bool]]
    ) -> list[str] | None:
        del name, instructions, lang
        if not prompts:
            return []
        password = self.password_auth_requested()
        is_for_password = len(prompts) == 1 and not prompts[0][1]
        return [password] if password is not None and is_for_password else None


class Connector:
    """Opens connections to one place."""

    def __init__(self, place: Place, secrets: Secrets) -> None:
        """Keep where and with what to sign in; nothing is opened yet."""
        self.place = place
        self._secrets = secrets
        self._offer = _OUTDATED_TOO if place.may_be_old else _MODERN
        self._addresses: tuple[str, ...] = ()

    async def host_key(self) -> HostKey:
        """Ask the server for the key it prefers, without signing in.

        Raises:
            TryAgain: Not reached, hung up or too slow; the sentence names the stage.
            GiveUp: Not an SSH server, or one that is too old.
        """
        steps = Steps()
        try:
            return await self._shown_key(steps, self._offer)
        except HandoffError as error:
            raise (await self._explained(error) if steps.running == "host key" else error) from None

    async def connect(self, steps: Steps) -> asyncssh.SSHClientConnection:
        """Sign in; where another host key is shown, look whether the confirmed one is of another kind.

        Raises:
            MendCredentials: The host key is not confirmed or has changed (nothing secret was sent), or refused.
            TryAgain: Not reached, hung up or too slow; the sentence names the stage.
            GiveUp: Not an SSH server, or one that is too old.
        """
        key = private_key(self._secrets)
        offered: HostKey | None = None
        for family, algorithms in self._families().items():
            if offered and family == offered.kind:
                continue
            opened = await self._socket(steps)
            try:
                return await self._sign_in(opened, algorithms, key, steps)
            except _AnotherHostKeyError as other:
                offered = offered or other.offered
                if not self.place.host_key:
                    raise sentences.host_key_not_confirmed(self.place, offered) from None
            except HandoffError as error:
                if steps.running != "host key":
                    raise
                if offered is None:  # else the server has no key of this family, and hung up
                    raise await self._explained(error) from None
        assert offered is not None  # noqa: S101 - for the type checker; the first round returned or raised otherwise
        raise sentences.host_key_changed(self.place, offered)

    def _families(self) -> dict[str, list[str]]:
        """Return which host keys are asked for: all that we like at first, then each kind alone."""
        families = {"": _HOST_KEY_ALGORITHMS, **_HOST_KEY_FAMILIES}
        if self.place.may_be_old:
            families |= {"": self._offer.host_keys, "ssh-rsa": [*_HOST_KEY_FAMILIES["ssh-rsa"], "ssh-rsa"]}
        return families

    async def _explained(self, error: HandoffError) -> HandoffError:
        """Tell a server that hangs up because it is too old (many do so without a word) from a passing fault."""
        if not isinstance(error, TryAgain) or error.category is not Category.NETWORK or self.place.may_be_old:
            return error
        for offer, verdict in ((_MODERN, error), (_OUTDATED_TOO, sentences.too_old(self.place))):
            try:
                await self._shown_key(Steps(), offer)
            except HandoffError as other:
                if other.category is Category.SERVER_TOO_OLD:
                    return other
            else:
                return verdict
        return error

    async def _shown_key(self, steps: Steps, offer: _Offer) -> HostKey:
        opened = await self._socket(steps)
        steps.begin("host key")
        wait_s = limits.CONNECT_WAIT_S_MAX
        options = asyncssh.SSHClientConnectionOptions(
            config=None, encryption_algs=offer.ciphers, mac_algs=offer.macs, login_timeout=0
        )
        try:
            async with asyncio.timeout(wait_s):
                key = await asyncssh.get_server_host_key(
                    sock=opened,
                    config=None,
                    kex_algs=offer.key_exchanges,
                    server_host_key_algs=offer.host_keys,
                    options=options,
                )
        except TimeoutError:
            raise sentences.took_too_long(self.place, "to show its host key", wait_s) from None
        except (asyncssh.Error, OSError) as error:
            raise self._handshake_error(error) from None
        finally:
            opened.close()
        if key is None:
            raise sentences.not_ssh(self.place)
        return HostKey(kind=key.get_algorithm(), fingerprint=key.get_fingerprint("sha256"))

    async def _socket(self, steps: Steps) -> socket.socket:
        loop, place, wait_s = asyncio.get_running_loop(), self.place, limits.CONNECT_WAIT_S_MAX
        steps.begin("resolve")
        if not self._addresses:  # once: a name that is resolved again may lead elsewhere
            self._addresses = await asyncio.to_thread(addresses.checked, place.host, place.port, place.allow, place.own)
        steps.end(f"{names.shown(place.host)} is {self._addresses[0]}.")
        steps.begin("connect")
        error: HandoffError = sentences.unknown_name(place)
        for address in self._addresses:
            found = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
            found.setblocking(False)  # noqa: FBT003 - the socket module's own signature
            try:
                async with asyncio.timeout(wait_s / len(self._addresses)):
                    await loop.sock_connect(found, (address, place.port))
            except TimeoutError:
                error = sentences.took_too_long(place, "to connect", wait_s)
            except OSError as reason:
                error = sentences.not_reached(place, reason)
            else:
                steps.end(f"Port {place.port} answers.")
                return found
            found.close()
        raise error

    async def _sign_in(
        self, opened: socket.socket, algorithms: list[str], key: asyncssh.SSHKey | None, steps: Steps
    ) -> asyncssh.SSHClientConnection:
        """Negotiate on an open socket and sign in; the socket is closed where that fails."""
        client = _Client(self.place.host_key, self._secrets.password)
        connecting = asyncio.ensure_future(self._negotiate(opened, client, algorithms, key))
        proved = asyncio.create_task(client.has_proved.wait())
        wait_s = limits.CONNECT_WAIT_S_MAX
        try:
            steps.begin("host key")
            await asyncio.wait({connecting, proved}, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
            if not connecting.done() and not client.has_proved.is_set():
                raise sentences.took_too_long(self.place, "to show its host key", wait_s)
            if client.has_proved.is_set():
                steps.end("The server shows the confirmed host key.")
                steps.begin("sign in")
            async with asyncio.timeout(wait_s):
                connection = await connecting
            steps.end(f"Signed in as {names.shown(self.place.username)}.")
        except TimeoutError:
            raise sentences.took_too_long(self.place, "to sign in", wait_s) from None
        except asyncssh.PermissionDenied:
            with_what = " and ".join(self._shown_secrets(key))
            raise sentences.sign_in_refused(self.place, with_what) from None
        except (asyncssh.Error, OSError) as error:
            if client.offered and not client.has_proved.is_set():
                raise _AnotherHostKeyError(client.offered) from None
            raise self._handshake_error(error, is_known=client.has_proved.is_set()) from None
        else:
            return connection
        finally:
            is_open = connecting.done() and not connecting.cancelled() and connecting.exception() is None
            proved.cancel()
            connecting.cancel()
            await asyncio.gather(connecting, proved, return_exceptions=True)
            if not is_open:
                opened.close()

    def _shown_secrets(self, key: asyncssh.SSHKey | None) -> list[str]:
        return [*(["private key"] if key else []), *(["password"] if self._secrets.password is not None else [])]

    async def _negotiate(
        self, opened: socket.socket, client: _Client, algorithms: list[str], key: asyncssh.SSHKey | None
    ) -> asyncssh.SSHClientConnection:
        has_password = self._secrets.password is not None
        return await asyncssh.connect(
            sock=opened,
            client_factory=lambda: client,
            config=None,
            # never empty, because asyncssh would then trust what is in ~/.ssh/known_hosts
            known_hosts=lambda *_: ([], [], []),
            username=self.place.username,
            client_keys=[key] if key else None,
            agent_path=None,
            public_key_auth=key is not None,
            password_auth=has_password,
            kbdint_auth=has_password,
            host_based_auth=False,
            gss_auth=False,
            gss_kex=False,
            preferred_auth=["publickey", "password", "keyboard-interactive"],
            kex_algs=self._offer.key_exchanges,
            encryption_algs=self._offer.ciphers,
            mac_algs=self._offer.macs,
            server_host_key_algs=algorithms,
            signature_algs=self._offer.host_keys,
            x509_trusted_certs=None,
            login_timeout=0,
        )

    def _handshake_error(self, error: Exception, *, is_known: bool = False) -> HandoffError:
        if isinstance(error, asyncssh.KeyExchangeFailed):
            return sentences.too_old(self.place)
        if isinstance(error, asyncssh.ProtocolError | asyncssh.ProtocolNotSupported):
            return sentences.not_ssh(self.place)
        return sentences.hung_up(self.place, "while signing in" if is_known else "before showing its host key")


def private_key(secrets: Secrets) -> asyncssh.SSHKey | None:
    """Read the private key that a person entered; None where the password is used alone.

    Raises:
        MendCredentials: One sentence for each way in which it cannot be used (faults row 61).
    """
    text = secrets.private_key
    if text is None:
        return None
    try:
        key = asyncssh.import_private_key(text.strip() + "\n", secrets.passphrase or None)
    except asyncssh.KeyEncryptionError:
        raise sentences.passphrase_wrong() from None
    except (asyncssh.KeyImportError, UnicodeError) as error:
        raise _key_error(text, str(error), secrets.passphrase) from None
    if key.get_algorithm() == "ssh-dss":
        raise sentences.key_outdated("DSA")
    if key.get_algorithm() == "ssh-rsa":
        bits: int = getattr(key.pyca_key, "key_size", 0)
        if bits < limits.RSA_KEY_BITS_MIN:
            raise sentences.key_outdated(f"RSA with {bits:,} bits")
    return key


def _key_error(text: str, said: str, passphrase: str | None) -> HandoffError:
    first_line = text.strip().partition("\n")[0]
    if first_line.startswith("PuTTY-User-Key-File"):
        return sentences.key_is_putty()
    if first_line.startswith(("ssh-", "ecdsa-", "sk-", "---- BEGIN SSH2 PUBLIC")) or "PUBLIC KEY" in first_line:
        return sentences.key_is_public()
    if "Passphrase must be specified" in said:
        return sentences.key_needs_passphrase()
    if passphrase and "Unable to decrypt" in said:
        return sentences.passphrase_wrong()
    return sentences.key_unreadable()
