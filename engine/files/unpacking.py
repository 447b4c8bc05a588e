"""Unpacks gz, and zip with one file in it, told by their first bytes whatever the name; bounded, and strict."""

import hashlib
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from engine.base import limits
from engine.base.errors import MendData, OutOfSpace

GZ: Final = b"\x1f\x8b"
ZIP: Final = b"PK\x03\x04"
ZIP_EMPTY: Final = b"PK\x05\x06"
_BLOCK_BYTES: Final = 1024**2
_GZ_FORM: Final = 31
_RAW_FORM: Final = -15
_ENCRYPTED: Final = 0x1
_ZIP_END: Final = struct.Struct("<4s4H2LH")
_ZIP64_LOCATOR: Final = struct.Struct("<4sLQL")
_ZIP64_END: Final = struct.Struct("<4sQ2H2L4Q")
_ZIP_MEMBER: Final = struct.Struct("<4s5H3L2H")
_ZIP_COMMENT_BYTES_MAX: Final = 65_535
_LEFT_OUT: Final = "__MACOSX/"
Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Packed:
    """A packed file as it came: kind ("gz" or "zip"), SHA-256 and size of its bytes."""

    kind: str
    sha256: str
    size_bytes: int


def kind_of(head: bytes) -> str | None:
    """Say how a file is packed by its first bytes; None where it is not, or in a way that is not read."""
    if head.startswith(GZ):
        return "gz"
    return "zip" if head.startswith((ZIP, ZIP_EMPTY)) else None


@contextmanager
def plain(source: Path, name: str, scratch: Path, report: Report) -> Iterator[tuple[Path, Packed | None]]:
    """Yield where a file's plain content lies: the file itself, or scratch where it is packed; raises as unpack does.

    Scratch is removed at the end.
    """
    packed = unpack(source, name, scratch, report)
    try:
        yield (scratch if packed else source), packed
    finally:
        scratch.unlink(missing_ok=True)


def unpack(source: Path, name: str, target: Path, report: Report) -> Packed | None:
    """Unpack a file into target where it is packed; None where it is not, and target is not made then.

    Args:
        source: The file as it came.
        name: What people call it, for the sentences.
        target: Where the unpacked bytes go.
        report: Called with bytes done and bytes in all, of the packed file.

    Raises:
        MendData: Damaged, more than one file in it, packed twice, encrypted, or larger than is read.
        OutOfSpace: The disk would fill.
    """
    with source.open("rb") as handle:
        kind = kind_of(handle.read(len(ZIP)))
        if kind is None:
            return None
        handle.seek(0)
        size_bytes = source.stat().st_size
        try:
            with target.open("wb") as out:
                sink = _Sink(out, target, name, size_bytes)
                if kind == "gz":
                    _unpack_gz(handle, name, sink, lambda done: report(done, size_bytes))
                else:
                    _unpack_zip(handle, name, sink)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        handle.seek(0)
        return Packed(kind, hashlib.file_digest(handle, "sha256").hexdigest(), size_bytes)


class _Sink:
    """Takes what comes out of a packed file and stops it at the limits, before the disk is full."""

    def __init__(self, out: BinaryIO, target: Path, name: str, packed_bytes: int) -> None:
        self._out, self._target, self._name = out, target, name
        self._bytes_max = min(
            limits.UNPACKED_BYTES_MAX, limits.UNPACKED_FREE_BYTES + limits.UNPACKED_TIMES_MAX * packed_bytes
        )
        self._done = 0
        self._looked_at = 0

    def write(self, block: bytes) -> None:
        """Write the next bytes.

        Raises:
            MendData: It would be more than a file of this size can hold, or the content is packed again.
            OutOfSpace: Too little room is left.
        """
        if not block:
            return
        if not self._done and block.startswith((GZ, ZIP)):
            raise MendData(f"The file {self._name} holds another packed file: pack the table once, or not at all.")
        self._done += len(block)
        if self._done > self._bytes_max:
            raise MendData(
                f"The file {self._name} unpacks to more than {self._bytes_max:,} bytes, which is more than is read of "
                "a file of its size: send it unpacked or in parts."
            )
        if self._done - self._looked_at >= limits.UNPACKED_FREE_BYTES:
            self._looked_at = self._done
            if shutil.disk_usage(self._target.parent).free < limits.UNPACKED_FREE_BYTES:
                raise OutOfSpace(
                    f"The disk of the spool has no room to unpack {self._name}; nothing was changed. "
                    "Free some space and run again."
                )
        self._out.write(block)


def _unpack_gz(handle: BinaryIO, name: str, sink: _Sink, on_bytes: Callable[[int], None]) -> None:
    """Unpack one or more members; zlib compares each one's checksum and length."""
    member = None
    pending = b""
    try:
        while pending or (pending := handle.read(_BLOCK_BYTES)):
            if member is None:
                if len(pending) < len(GZ):
                    pending += handle.read(_BLOCK_BYTES)
                if not pending.startswith(GZ):
                    raise MendData(f"The file {name} has something behind its packed content: have it sent again.")
                member = zlib.decompressobj(_GZ_FORM)
            sink.write(member.decompress(pending, _BLOCK_BYTES))
            if member.eof:
                pending, member = member.unused_data, None
            else:
                pending = member.unconsumed_tail
            on_bytes(handle.tell())
        if member is not None:
            sink.write(member.flush())
            if not member.eof:
                raise MendData(f"The file {name} is cut off: it ends within its packed content; have it sent again.")
    except zlib.error:
        raise _damaged(name) from None


def _unpack_zip(handle: BinaryIO, name: str, sink: _Sink) -> None:
    """Unpack the one file of a zip; its name in there is never used to write."""
    _check_count(handle, name)
    try:
        with zipfile.ZipFile(handle) as archive:
            member = _only_member(archive, name)
            with archive.open(member) as content:
                while block := content.read(_BLOCK_BYTES):
                    sink.write(block)
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError, RuntimeError):
        raise _damaged(name) from None


def _only_member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    inside = [item for item in archive.infolist() if not item.is_dir() and not item.filename.startswith(_LEFT_OUT)]
    if len(inside) != 1:
        raise _not_one(name, len(inside))
    [member] = inside
    parts = member.filename.replace("\\", "/").split("/")
    if stat.S_ISLNK(member.external_attr >> 16) or ".." in parts or not parts[0] or parts[0].endswith(":"):
        raise MendData(f"The file {name} holds a link, or a path out of its folder: zip the table alone.")
    if member.flag_bits & _ENCRYPTED:
        raise MendData(f"The file {name} is a zip with a password, which cannot be read: send it without one.")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise MendData(f"The file {name} is a zip of a kind that is not read: zip it in the usual way, or send gz.")
    return member


def _check_count(handle: BinaryIO, name: str) -> None:
    """Refuse a zip that says it holds many files, before its table of contents is read into memory."""
    size_bytes = handle.seek(0, 2)
    start = max(0, size_bytes - _ZIP_END.size - _ZIP_COMMENT_BYTES_MAX)
    handle.seek(start)
    tail = handle.read()
    place = tail.rfind(ZIP_EMPTY)
    if place < 0 or len(tail) - place < _ZIP_END.size:
        raise MendData(f"The file {name} is cut off or damaged: its table of contents is missing; have it sent again.")
    count, contents_bytes = _ZIP_END.unpack_from(tail, place)[4:6]
    locator = start + place - _ZIP64_LOCATOR.size
    if locator >= 0:
        handle.seek(locator)
        mark, _, end, _ = _ZIP64_LOCATOR.unpack(handle.read(_ZIP64_LOCATOR.size))
        if mark == b"PK\x06\x07" and end + _ZIP64_END.size <= size_bytes:
            handle.seek(end)
            count, contents_bytes = _ZIP64_END.unpack(handle.read(_ZIP64_END.size))[7:9]
    handle.seek(0)
    if count > limits.ZIP_MEMBERS_MAX or contents_bytes > limits.ZIP_CONTENTS_BYTES_MAX:
        raise _not_one(name, count)


def head(source: Path, bytes_max: int) -> tuple[bytes, bool, int] | None:
    """Return the first bytes that a packed file unpacks to, as whole lines; whether that was all; from how many bytes.

    For a look at a file of which perhaps only the start is here; nothing is verified. None where it is not packed.
    """
    with source.open("rb") as handle:
        packed = handle.read(limits.READ_BLOCK_BYTES)
    kind = kind_of(packed)
    if kind is None:
        return None
    if kind == "gz":
        text, is_whole, used_bytes = _inflated(packed, _GZ_FORM, bytes_max)
    else:
        text, is_whole, used_bytes = _zip_head(packed, bytes_max)
    if not is_whole and (end := max(text.rfind(b"\n"), text.rfind(b"\r"))) > 0:
        text = text[: end + 1]
    return text, is_whole, used_bytes


def _zip_head(packed: bytes, bytes_max: int) -> tuple[bytes, bool, int]:
    """Read on from the entry in front, because the table of contents stands at the end; folders are passed over."""
    place = 0
    while packed.startswith(ZIP, place) and len(packed) >= place + _ZIP_MEMBER.size:
        fields = _ZIP_MEMBER.unpack_from(packed, place)
        method, length, name_bytes, extra_bytes = fields[3], fields[8], fields[9], fields[10]
        place += _ZIP_MEMBER.size
        is_folder = packed[place : place + name_bytes].endswith(b"/")
        place += name_bytes + extra_bytes
        if is_folder:
            place += fields[7]
            continue
        if method == zipfile.ZIP_STORED:
            text = packed[place : place + min(bytes_max, length)]
            return text, len(text) == length, place + len(text)
        return _inflated(packed[place:], _RAW_FORM, bytes_max)
    return b"", True, place


def _inflated(packed: bytes, form: int, bytes_max: int) -> tuple[bytes, bool, int]:
    member = zlib.decompressobj(form)
    try:
        text = member.decompress(packed, bytes_max)
    except zlib.error:
        return b"", False, len(packed)
    return text, member.eof, len(packed) - len(member.unconsumed_tail)


def _not_one(name: str, count: int) -> MendData:
    what = "no file" if not count else f"{count:,} files"
    return MendData(f"The file {name} is a zip with {what} in it: zip one table alone.")


def _damaged(name: str) -> MendData:
    return MendData(f"The file {name} is damaged: its packed content does not fit its checksum; have it sent again.")
