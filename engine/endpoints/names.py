"""Which names and paths of a client are taken, and which names say that a file is not whole yet; pure."""

import errno
import unicodedata

NAME_BYTES_MAX = 255
"""The longest name that file systems hold."""
DEPTH_MAX = 16
"""Folders within folders; nobody hands files over from deeper."""
PATH_CHARACTERS_MAX = 4_096
"""The longest path that is looked at, as in Linux."""
# What clients call an upload that goes on: curl and rclone .part/.partial, WinSCP .filepart, lftp .in.NAME, and so on.
_TEMPORARY_ENDINGS = (".part", ".filepart", ".partial", ".tmp", ".temp", ".upload", ".uploading", ".crdownload", "~")


class BadName(OSError):
    """A name that is not taken; errno is EINVAL or ENAMETOOLONG, and no name stands in its words."""


def split(path: str) -> tuple[str, ...]:
    """Return the names of a client's path from its own root; ".." ends at the root, as in a chroot.

    Raises:
        BadName: A name that no file may have here.
    """
    if len(path) > PATH_CHARACTERS_MAX:
        raise BadName(errno.ENAMETOOLONG, "The path is too long")
    names: list[str] = []
    for name in path.split("/"):
        if name in ("", "."):
            continue
        if name == "..":
            del names[-1:]
            continue
        check(name)
        names.append(name)
    if len(names) > DEPTH_MAX:
        raise BadName(errno.ENAMETOOLONG, "Too many folders within folders")
    return tuple(names)


def join(names: tuple[str, ...]) -> str:
    """Say names as a path from the root."""
    return "/" + "/".join(names)


def check(name: str) -> None:
    """Pass where a file may have this name.

    Raises:
        BadName: Control characters, lone surrogates (what is not UTF-8), "." and "..", a slash, or too long.
    """
    if name in ("", ".", "..") or "/" in name:
        raise BadName(errno.EINVAL, "Such a name is not taken")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        raise BadName(errno.EINVAL, "Control characters in names are not taken")
    if len(name.encode("utf-8")) > NAME_BYTES_MAX:
        raise BadName(errno.ENAMETOOLONG, "The name is too long")


def is_temporary(name: str) -> bool:
    """Say whether a name tells that its upload goes on: such a file is taken by its rename only (faults row 32)."""
    return name.startswith(".") or name.lower().endswith(_TEMPORARY_ENDINGS)
