"""Swaps separators, quotes and escapes that are no single ASCII character for a byte that the file has nowhere."""

from collections.abc import Callable, Iterator

from engine.base.errors import MendData
from engine.files.one_by_one import Marks

_FREE = (*range(1, 9), *range(14, 32), 127)
"""Control characters, which text hardly ever has."""


class Swaps:
    """What stands for what; none for most files, and then nothing costs anything."""

    def __init__(self, pairs: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        """Take the pairs: what stands in the file, and the byte that takes its place."""
        self._pairs = pairs

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """The pairs as texts: the character in the parsed text, and what it stands for."""
        return tuple((own.decode(), original.decode()) for original, own in self._pairs)

    def blocks(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """The same text with the swaps done; what may go on in the next block waits for it."""
        if not self._pairs:
            yield from blocks
            return
        rest = b""
        for block in blocks:
            text = self._done(rest + block)
            rest = text[len(text) - self._unfinished(text) :]
            yield text[: len(text) - len(rest)]
        if rest:
            yield rest

    def _done(self, text: bytes) -> bytes:
        for original, own in self._pairs:
            text = text.replace(original, own)
        return text

    def _unfinished(self, text: bytes) -> int:
        """How many bytes at the end may be the start of something to swap."""
        longest = max(len(original) for original, _ in self._pairs) - 1
        for length in range(min(longest, len(text)), 0, -1):
            if any(original.startswith(text[-length:]) for original, _ in self._pairs if len(original) > length):
                return length
        return 0

    def restored(self, text: str) -> str:
        """The text as it stood in the file."""
        for own, original in self.texts:
            text = text.replace(own, original)
        return text


def needed(
    name: str, separator: str, quote: str, escape: str, read: Callable[[], Iterator[bytes]]
) -> tuple[Marks, Swaps]:
    """Say by which bytes the scan goes, and what has to be swapped for them.

    Args:
        name: The file's name, for the sentence.
        separator: One or more characters.
        quote: One character, "" where there is none.
        escape: The quote itself where it is doubled, or another character.
        read: Gives the whole text of the file; only called where something has to be swapped.

    Raises:
        MendData: The text has every byte that could stand for something else.
    """
    escape = "" if escape == quote else escape
    # Without quotes an escape protects separators, and what was protected needs quotes for the parser.
    wanted = [separator, quote or (None if not escape else ""), escape or None]
    if all(mark is None or _is_plain(mark) for mark in wanted):
        return Marks(ord(separator), ord(quote) if quote else None, ord(escape) if escape else None), Swaps()
    taken = {ord(mark) for mark in wanted if mark and _is_plain(mark)}
    free = [byte for byte in _FREE if byte not in taken]
    for block in read():
        free = [byte for byte in free if byte not in block]
    found: list[int | None] = []
    pairs: list[tuple[bytes, bytes]] = []
    for mark in wanted:
        if mark is None or _is_plain(mark):
            found.append(None if mark is None else ord(mark))
            continue
        if not free:
            raise MendData(f"The file {name} has all control characters in it, so it cannot be read: clean it.")
        byte = free.pop()
        found.append(byte)
        if mark:
            pairs.append((mark.encode(), bytes([byte])))
    return Marks(found[0] or 0, found[1], found[2]), Swaps(tuple(pairs))


def _is_plain(mark: str) -> bool:
    return len(mark) == 1 and mark.isascii()
