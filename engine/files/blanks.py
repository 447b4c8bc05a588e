"""Scans blocks of files whose columns stand apart by runs of blanks and tabs, and rewrites them with tabs."""

from dataclasses import replace

import numpy as np

from engine.base import limits
from engine.files import flaws
from engine.files.flaws import Reject
from engine.files.scan import Layout, Scan, line_ends
from storage.records.files import RejectReason

TAB = 9
_LF, _CR, _BLANK = 10, 13, 32


def scan_blanks(data: bytes, first_line: int, layout: Layout, *, is_last: bool) -> Scan:
    """Scan a block that starts at a line's start; the clean text has one tab between columns.

    Blanks before the first and after the last column do not count; quotes are plain text. Arguments as
    in `scan.scan`.
    """
    whole = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(line_ends(data, whole, is_last=is_last))
    found = Scan()
    if not ends.size:
        return found
    text = whole[: int(ends[-1]) + 1]
    found.consumed, found.physical_lines = text.size, ends.size
    starts = np.concatenate((np.zeros(1, np.int64), ends[:-1] + 1))
    is_gap = (text == _BLANK) | (text == TAB) | (text == _LF) | (text == _CR)
    after_values = np.flatnonzero(is_gap[1:] & ~is_gap[:-1]) + 1
    values_until = np.searchsorted(after_values, ends, side="right")
    columns = np.diff(values_until, prepend=0)
    lengths = ends - starts
    bad = (columns != layout.columns) & (columns != 0)
    bad |= lengths > limits.RECORD_BYTES_MAX
    flawed = flaws.places(data, whole, text.size, may_be_damaged=layout.may_be_damaged)
    for nth in np.unique(np.searchsorted(ends, flawed)).tolist():
        bad[nth] |= flaws.of_bytes(data[starts[nth] : ends[nth]], may_be_damaged=layout.may_be_damaged) is not None
    rejected = np.flatnonzero(bad)
    if rejected.size > limits.REJECTS_AT_ONCE_MAX:
        part = data[: int(ends[rejected[limits.REJECTS_AT_ONCE_MAX - 1]]) + 1]
        return replace(scan_blanks(part, first_line, layout, is_last=True), is_cut=True)
    clean = ~bad & (columns != 0)
    kept = ~is_gap
    kept[after_values] = True
    rewritten = text.copy()
    rewritten[after_values] = TAB
    rewritten[after_values[values_until[clean] - 1]] = _LF
    numbers = np.flatnonzero(clean)
    place, mended = 0, []
    for nth in rejected.tolist():
        start, end = int(starts[nth]), int(ends[nth]) + 1
        text_after = _mend_or_reject(data, start, end, first_line + nth, int(columns[nth]), layout, found)
        if text_after is not None:
            found.clean += [rewritten[place:start][kept[place:start]].tobytes(), text_after]
            place = end
            mended.append(nth)
        kept[start:end] = False
    found.clean.append(rewritten[place:][kept[place:]].tobytes())
    found.lines = first_line + np.union1d(numbers, np.array(mended, np.int64))
    found.blank_lines = int(np.count_nonzero((columns == 0) & ~bad))
    found.longest_bytes = int(lengths[clean].max()) + 1 if clean.any() else 0
    return found


def _mend_or_reject(
    data: bytes, start: int, end: int, line: int, columns: int, layout: Layout, found: Scan
) -> bytes | None:
    """The text of a record that was mended; else None, and it is among the rejects."""
    end -= 1
    flaw: flaws.Flaw | None = (RejectReason.FIELD_TOO_LONG, flaws.too_long())
    if end - start <= limits.RECORD_BYTES_MAX:
        flaw = flaws.of_bytes(data[start:end], may_be_damaged=layout.may_be_damaged)
    reason, detail = flaw or flaws.of_columns(columns, layout.columns)
    shown = flaws.shown(data, start, end)
    if layout.mend is not None and end - start <= limits.RECORD_BYTES_MAX:
        fields, done = layout.mend(data[start:end].rstrip(b"\r\n"), line)
        detail = f"{detail}; {done}" if done else detail
        if fields is not None:
            found.mended.append(Reject(line, reason, detail, shown))
            return b"\t".join(fields) + b"\n"
    found.rejects.append(Reject(line, reason, detail, shown))
    return None
