"""Says which remote files nobody writes any more: settled by age, or alike in two looks some seconds apart (T07)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.base import limits
from storage.records.connections import Method
from storage.records.files import Look, RemoteFile

_TEMPORARY = re.compile(r"(?i)(\.in\..*|.*\.(part|tmp|filepart|partial))")
TEMPORARY = "temporary name"


@dataclass(frozen=True)
class Judged:
    """What one listing says.

    settled: whole files. growing: those that may still be written; looks: what the next look compares them with.
    """

    settled: tuple[RemoteFile, ...]
    growing: tuple[RemoteFile, ...]
    looks: Mapping[str, Look]


def is_temporary(name: str) -> bool:
    """Say whether a name is one that clients give to files that they are still writing."""
    return _TEMPORARY.fullmatch(name) is not None


def judge(
    files: Sequence[RemoteFile],
    earlier: Mapping[str, Look],
    method: Method,
    now: datetime,
    *,
    has_waited: bool = False,
) -> Judged:
    """Judge a listing.

    Args:
        files: What the pattern takes.
        earlier: Looks of earlier listings, by name.
        method: How the files travel. Mails are whole when they are listed; FTP servers may tell local times.
        now: UTC.
        has_waited: All of the earlier looks are LOOK_APART_S old, whatever the clock says.
    """
    if method is Method.EMAIL:
        return Judged(tuple(files), (), {})
    age_s = limits.SETTLED_ZONES_S if method is Method.FTP else limits.SETTLED_S
    settled, growing, looks = list[RemoteFile](), list[RemoteFile](), dict[str, Look]()
    for file in files:
        if file.changed_at is not None and now - file.changed_at >= timedelta(seconds=age_s):
            settled.append(file)
            continue
        look = earlier.get(file.name)
        is_alike = look is not None and (look.size_bytes, look.changed_at) == (file.size_bytes, file.changed_at)
        # A look from a time to come, after the clock jumped back, proves nothing: it is made again.
        if look is None or not is_alike or (look.looked_at > now and not has_waited):
            looks[file.name] = Look(file.size_bytes, file.changed_at, now)
            growing.append(file)
            continue
        looks[file.name] = look
        is_whole = has_waited or now - look.looked_at >= timedelta(seconds=limits.LOOK_APART_S)
        (settled if is_whole else growing).append(file)
    return Judged(tuple(settled), tuple(growing), looks)
