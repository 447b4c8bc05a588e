"""What holds for a mail whoever serves it: its dots, and whether its sender may send; pure."""

from storage.records.boxes import LandedState, Mailbox


class Dots:
    """Takes away the dots that senders put before lines which begin with one (RFC 5321, 4.5.2), block by block."""

    def __init__(self) -> None:
        """Begin with the line end that stands before the mail; it is no part of it."""
        self._held = b""
        self._is_first = True

    def undone(self, block: bytes) -> bytes:
        """Return what is certain of this block; a line end at its end waits for the next one."""
        whole = self._held + block
        held = 2 if whole.endswith(b"\r\n") else 1 if whole.endswith(b"\r") else 0
        self._held = whole[len(whole) - held :]
        said = whole[: len(whole) - held].replace(b"\r\n.", b"\r\n")
        return self._without_first(said)

    def rest(self) -> bytes:
        """Return what was held back, at the end."""
        held, self._held = self._held, b""
        return self._without_first(held)

    def _without_first(self, said: bytes) -> bytes:
        if self._is_first and said:
            self._is_first = False
            return said[2:]
        return said


def judge(sender: str, mailbox: Mailbox) -> tuple[LandedState, str]:
    """Say what becomes of a mail by its envelope sender, and why; the From of its header is the engine's to judge."""
    address = sender.lower()
    allowed = [item.lower() for item in mailbox.allowed_senders]
    if not allowed or address in allowed or any(item.startswith("@") and address.endswith(item) for item in allowed):
        return LandedState.WHOLE, ""
    return LandedState.QUARANTINED, f"{sender or 'The empty sender'} is not among the allowed senders."
