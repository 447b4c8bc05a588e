"""Proves by TLS who a server is: by the authorities and its name, or by the one certificate that a person pinned."""

import base64
import hashlib
import socket
import ssl
from collections.abc import Callable
from typing import Any, Self

from engine.base import limits
from engine.base.errors import Category, GiveUp, HandoffError, MendCredentials, TryAgain
from engine.transfer import sentences
from engine.transfer.names import shown
from engine.transfer.transport import Place
from storage.records.files import HostKey

_SELF_SIGNED = (18, 19)
_NOT_YET_VALID = 9
_EXPIRED = 10
_WRONG_NAME = (62, 64)
_TOO_OLD = ("UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE")
"""What OpenSSL says of certificates (X509_V_ERR_*) and of versions; ssl names no constants for them."""

Keep = Callable[[socket.socket], socket.socket]
"""Takes a socket over, so that it is cut in time; given before the handshake, which may hang."""


class Context(ssl.SSLContext):
    """A context that checks the place's own name, whatever its caller passes, and a pinned certificate alone.

    ftplib, imaplib and smtplib all call wrap_socket of the context that they are given: so the check cannot be
    left out, and no byte of a password leaves before it.
    """

    def __new__(cls, place: Place, keep: Keep, *, is_asking: bool = False) -> Self:
        """Make the C part; what else is given is for __init__."""
        del place, keep, is_asking
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(self, place: Place, keep: Keep, *, is_asking: bool = False) -> None:
        """Load the authorities.

        Args:
            place: Its host is the name that a certificate must have; its host_key the pinned one.
            keep: Takes each socket over.
            is_asking: Accept whatever certificate is shown, only to tell a person its digest.

        Raises:
            GiveUp: The installation's own authorities cannot be read.
        """
        super().__init__()
        self._place = place
        self._keep = keep
        self.is_asking = is_asking
        self.minimum_version = ssl.TLSVersion.TLSv1_2
        if is_asking or place.host_key:
            self.check_hostname = False
            self.verify_mode = ssl.CERT_NONE
            return
        self.load_default_certs()
        if place.authorities:
            try:
                self.load_verify_locations(cafile=place.authorities)
            except OSError:  # SSLError is one
                raise GiveUp(
                    f"The certificate authorities in {shown(place.authorities)} cannot be read; "
                    "correct network.authorities in settings.yaml.",
                    Category.INPUT,
                ) from None

    def wrap_socket(self, sock: socket.socket, *given: Any, **options: Any) -> ssl.SSLSocket:
        """Shake hands within CONNECT_WAIT_S_MAX and look at the certificate.

        Raises:
            HandoffError: Not TLS, too old, not trusted, another certificate than the pinned one, or too slow.
        """
        del given
        wrapped: ssl.SSLSocket | None = None
        try:
            wrapped = super().wrap_socket(
                sock,
                do_handshake_on_connect=False,
                server_hostname=self._place.host.rstrip("."),
                session=options.get("session"),
            )
            self._keep(wrapped)
            wrapped.settimeout(limits.CONNECT_WAIT_S_MAX)
            wrapped.do_handshake()
            wrapped.settimeout(limits.TRANSFER_SILENCE_S_MAX)
            self._look_at(wrapped)
        except (OSError, ValueError) as error:
            (wrapped or sock).close()
            raise _handshake_sentence(self._place, error) from None
        except HandoffError:
            sock.close()
            raise
        return wrapped

    def _look_at(self, wrapped: ssl.SSLSocket) -> None:
        pinned = self._place.host_key
        if self.is_asking or not pinned:
            return
        offered = certificate(wrapped)
        if offered.fingerprint != pinned:
            wrapped.close()
            raise MendCredentials(
                f"The certificate of {sentences.at(self._place)} has changed from {pinned} to {offered.fingerprint}, "
                "and no credential was sent; ask the partner whether this is right, then confirm the new one.",
                Category.HOST_KEY,
            )


def certificate(wrapped: ssl.SSLSocket) -> HostKey:
    """Return the digest of the certificate that a server showed, written as ssh-keygen writes those of keys."""
    shown_bytes = wrapped.getpeercert(binary_form=True) or b""
    digest = base64.b64encode(hashlib.sha256(shown_bytes).digest()).decode().rstrip("=")
    return HostKey(kind=f"{wrapped.version()} certificate", fingerprint=f"SHA256:{digest}")


def no_certificate(place: Place) -> GiveUp:
    """Nobody can ask for a certificate where a person chose to go without TLS."""
    return GiveUp(f"{sentences.at(place)} is used without TLS, so it has no certificate to pin.", Category.INPUT)


def no_tls(place: Place) -> GiveUp:
    """The server does not know the command that would begin TLS."""
    return GiveUp(
        f"{sentences.at(place)} offers no TLS, and no credential was sent; ask whoever runs it to switch it on.",
        Category.NETWORK,
    )


def _handshake_sentence(place: Place, error: Exception) -> HandoffError:
    at = sentences.at(place)
    if isinstance(error, ssl.SSLCertVerificationError):
        return _not_trusted(place, error)
    if isinstance(error, TimeoutError):
        return sentences.took_too_long(place, "to show its certificate", limits.CONNECT_WAIT_S_MAX)
    if isinstance(error, ssl.SSLError) and error.reason in _TOO_OLD:
        return GiveUp(
            f"{at} speaks only outdated versions of TLS; ask whoever runs it to allow TLS 1.2 or later.",
            Category.SERVER_TOO_OLD,
        )
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return GiveUp(f"{at} answers, but not with TLS, and no credential was sent; check the port.", Category.NETWORK)
    if isinstance(error, ValueError):  # a name that no certificate can have
        return sentences.unknown_name(place)
    return TryAgain(f"{at} ended the connection before showing its certificate; the next run tries again.")


def _not_trusted(place: Place, error: ssl.SSLCertVerificationError) -> MendCredentials:
    at, host = sentences.at(place), shown(place.host)
    code = error.verify_code
    if code in _SELF_SIGNED:
        what = "was signed by itself, not by an authority that is trusted here"
    elif code == _EXPIRED:
        what = "has expired"
    elif code == _NOT_YET_VALID:
        what = "is not valid yet"
    elif code in _WRONG_NAME:
        what = f"is for another name than {host}"
    else:
        what = "was signed by an authority that is not trusted here"
    return MendCredentials(
        f"The certificate of {at} {what}, and no credential was sent; "
        "ask the partner for a valid one, or compare its digest with theirs and confirm this one.",
        Category.HOST_KEY,
    )
