"""What each endpoint is given, and what each is for the process that holds them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from engine.base.installation import Endpoints
from engine.endpoints.accounts import Directory
from engine.endpoints.box import Boxes
from engine.endpoints.guard import Guard


class EndpointFault(Exception):
    """An endpoint cannot listen; str(error) is one sentence for people."""


@dataclass(frozen=True)
class Ground:
    """What all endpoints share. folder: `$HANDOFF_HOME/endpoints`.

    expected: the fingerprints that were made known, by the names of storage.tables.identities; whoever shows
    another one refuses to listen (faults row 39).
    """

    folder: Path
    settings: Endpoints
    expected: dict[str, str]
    directory: Directory
    guard: Guard
    boxes: Boxes

    @property
    def certificate(self) -> Path:
        """The PEM file of the certificate for FTPS and SMTP: an administrator's, or our own."""
        return Path(self.settings.certificate) if self.settings.certificate else self.folder / "certificate.pem"

    @property
    def certificate_key(self) -> Path:
        """The PEM file of its private key."""
        given = self.settings.certificate_key
        return Path(given) if given else self.folder / "certificate_key.pem"


class Endpoint(Protocol):
    """One protocol's server. It is made as `Kind(ground)` and ends sessions whose account is not current any more.

    fingerprint: of the SSH host key or of the certificate, "SHA256:..."; set once it listens.
    """

    port: int
    fingerprint: str

    def start(self) -> None:
        """Listen, in threads of its own.

        Raises:
            EndpointFault: It cannot; nothing is left open.
        """

    def renew(self) -> None:
        """Show the certificate that lies there now to whoever comes from now on.

        Raises:
            EndpointFault: It cannot serve; the one of before is shown still.
        """

    def stop(self) -> None:
        """Listen no more and end all sessions; what they were uploading stays pending."""
