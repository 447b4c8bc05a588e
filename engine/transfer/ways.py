"""Which transport speaks to which server."""

from enum import StrEnum

from engine.base.errors import GiveUp
from engine.transfer.transport import Place, Transport
from storage.records.connections import Secrets


class Way(StrEnum):
    """A protocol that a transport speaks; mail is fetched by one and sent by the other."""

    SFTP = "sftp"
    FTP = "ftp"
    IMAP = "imap"
    SMTP = "smtp"


def transport(way: Way, place: Place, secrets: Secrets) -> Transport:
    """Return the transport of a way; what a worker does not need it does not import.

    Raises:
        GiveUp: The way is unknown.
    """
    match way:
        case Way.SFTP:
            from engine.transfer.sftp import SftpTransport  # noqa: PLC0415 - a worker speaks one protocol

            return SftpTransport(place, secrets)
        case Way.FTP:
            from engine.transfer.ftp import FtpTransport  # noqa: PLC0415 - the same

            return FtpTransport(place, secrets)
        case Way.IMAP:
            from engine.transfer.imap import ImapTransport  # noqa: PLC0415 - the same

            return ImapTransport(place, secrets)
        case Way.SMTP:
            from engine.transfer.smtp import SmtpTransport  # noqa: PLC0415 - the same

            return SmtpTransport(place, secrets)
    raise GiveUp(f"This version does not know the way {way}; update the service.")
