"""The certificate that FTPS and mail show: looked at before anything listens, never another one in silence (row 39)."""

import contextlib
import ssl

from engine.endpoints.ground import EndpointFault, Ground
from engine.security import certificates

_IDENTITY = "certificate"


def seen(ground: Ground) -> tuple[tuple[int, int, int], ...]:
    """Return what changes where the certificate or its key is renewed; less where one of them is not there."""
    found = []
    for path in (ground.certificate, ground.certificate_key):
        with contextlib.suppress(OSError):
            facts = path.stat()
            found.append((facts.st_ino, facts.st_mtime_ns, facts.st_size))
    return tuple(found)


def checked(ground: Ground) -> str:
    """Return the certificate's fingerprint.

    Raises:
        EndpointFault: The files are gone, do not fit, have expired, or ours is another one than was made known.
    """
    problem = certificates.problem(ground.certificate, ground.certificate_key)
    if problem is not None:
        raise EndpointFault(problem)
    found = certificates.fingerprint(ground.certificate.read_text(encoding="ascii", errors="replace"))
    expected = ground.expected.get(_IDENTITY)
    # An administrator's own file is renewed every few weeks; ours never changes by itself.
    if not ground.settings.certificate and expected is not None and expected != found:
        raise EndpointFault(
            f"The certificate in {ground.certificate} is not the one that partners were told of; "
            "bring the right one back from a backup."
        )
    return found


def context(ground: Ground) -> ssl.SSLContext:
    """Return what serves TLS 1.2 and later with this certificate."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.load_cert_chain(ground.certificate, ground.certificate_key)
    return made
