"""Whose address it is, and where a mail for it is laid down: as a whole file of its connection, safe on the disk."""

import os
from collections.abc import Callable

from engine.endpoints import landing, mail_rules
from engine.endpoints.box import Arrival, Origin
from engine.endpoints.ground import Ground
from storage.records.boxes import Mailbox, Mount

PROTOCOL = "smtp"
ENDING = ".eml"


class MailStore:
    """The mailboxes of now and their folders; safe between threads."""

    def __init__(self, ground: Ground) -> None:
        """Keep what they need."""
        self._ground = ground
        self._domains = {ground.settings.mail_domain.lower(), ground.settings.public_name.lower()}

    def mailbox_of(self, address: str) -> Mailbox | None:
        """Return whose address it is; the domain has to be ours."""
        local, _, domain = address.rpartition("@")
        return self._ground.directory.mailbox(local) if domain.lower() in self._domains else None

    def is_there(self, mailbox: Mailbox) -> bool:
        """Say whether an address still stands: it may have been taken away while a mail came."""
        now = self._ground.directory.mailbox(mailbox.local_part)
        return now is not None and now.connection_id == mailbox.connection_id

    def begin(self, mailbox: Mailbox, peer: str) -> Arrival:
        """Open a fresh file for a mail.

        Raises:
            OSError: No room; over the quota of the connection's folder too.
        """
        box = self._ground.boxes.of(mailbox.connection_id)
        self._room(mailbox, 0)()
        return box.arrival(Origin("", PROTOCOL, peer), ENDING)

    def take(self, mail: Arrival, boxes: list[Mailbox], sender: str, peer: str) -> str:
        """Lay a whole mail down for each mailbox, safe on the disk, and return the id of the first.

        The mail that was begun is used up.

        Raises:
            OSError: No room; the mails that were laid down before stay, and are told by their Message-ID.
        """
        try:
            for mailbox in boxes[1:]:
                copied = self.begin(mailbox, peer)
                try:
                    landing.copy(mail.descriptor, copied.descriptor)
                    self._lay_down(copied, mailbox, sender)
                finally:
                    copied.close()
            return self._lay_down(mail, boxes[0], sender)
        finally:
            mail.close()

    def _lay_down(self, mail: Arrival, mailbox: Mailbox, sender: str) -> str:
        size_bytes = os.fstat(mail.descriptor).st_size
        release = self._room(mailbox, size_bytes)
        try:
            state, reason = mail_rules.judge(sender, mailbox)
            return mail.accept(sender=sender, state=state, reason=reason).landed_id
        finally:
            release()

    def _room(self, mailbox: Mailbox, size_bytes: int) -> Callable[[], None]:
        """Count a mail in, where the folder has room, and return what counts it out."""
        settings = self._ground.settings
        box = self._ground.boxes.of(mailbox.connection_id)
        mount = Mount(
            connection_id=mailbox.connection_id,
            path="/",
            is_writable=True,
            bytes_max=settings.folder_bytes_max,
            files_max=settings.folder_files_max,
            file_bytes_max=mailbox.bytes_max,
        )
        box.grow(mount, size_bytes, files=1)

        def release() -> None:
            box.shrink(size_bytes, files=1)

        return release
