"""Finds and counts the records of a block of text by a vectorised scan of its bytes, without any parser.

Quotes are followed by parity: a separator or line end with an odd number of quotes before it stands inside a
field. Every quote has two neighbours that say whether it may open or close a field; where they say no, the
record is looked at alone (`one_by_one`). A line whose quote was left open is rejected alone and reading
resumes at the next line, which turns the parity over: so both parities ("phases") are worked out, and the
scan goes from one to the other.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.base import limits
from engine.files import flaws, one_by_one
from engine.files.flaws import Reject
from engine.files.one_by_one import QUOTE
from storage.records.files import RejectReason

Places = NDArray[np.int64]
_LF, _CR = 10, 13


@dataclass(frozen=True)
class Layout:
    """How the file is laid out. separator: one byte; may_be_damaged: records that are no UTF-8 are rejects."""

    separator: int
    columns: int
    may_be_damaged: bool


@dataclass
class Scan:
    """What one block of text holds; the caller keeps what lies behind consumed for the next block.

    clean: pieces of text that, joined, are `lines.size` records with the right number of columns (and empty
    lines). lines: where they start, 1-based. physical_lines: line ends consumed.
    """

    consumed: int = 0
    physical_lines: int = 0
    blank_lines: int = 0
    continuation_lines: int = 0
    clean: list[memoryview | bytes] = field(default_factory=list)
    line_pieces: list[Places] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    has_line_ends_in_quotes: bool = False
    longest_bytes: int = 0

    @property
    def accepted(self) -> int:
        """Clean records, as counted here."""
        return sum(piece.size for piece in self.line_pieces)

    def lines(self) -> Places:
        """The line of each clean record, in the order of clean."""
        return np.concatenate(self.line_pieces) if self.line_pieces else np.empty(0, np.int64)


def scan(data: bytes, first_line: int, layout: Layout, *, is_last: bool) -> Scan:
    """Scan a block that starts at a record's start.

    Args:
        data: UTF-8 text; ends with a line end where is_last.
        first_line: The physical line in the file that the block starts at.
        layout: How the file is laid out.
        is_last: Nothing follows, so a quote that is open at the end stays open.
    """
    return _Scanner(data, first_line, layout, is_last=is_last).run()


def line_ends(data: bytes, text: NDArray[np.uint8], *, is_last: bool) -> NDArray[np.bool_]:
    """Where lines end: at LF, at CR LF (its LF) or at a CR alone; a CR at the very end waits for what follows."""
    ends: NDArray[np.bool_] = text == _LF
    if b"\r" in data:
        returns = text == _CR
        returns[:-1] &= ~ends[1:]
        returns[-1] &= is_last
        ends |= returns
    return ends


class _Phase:
    """All records of the block, if a record starts where the number of quotes before it is even (0) or odd (1)."""

    def __init__(self, scanner: "_Scanner", phase: int) -> None:
        """Work out where records end, how many columns they have, and which have to be looked at."""
        ends_at, separators = scanner.is_end, ~scanner.is_end
        if scanner.quotes.size:
            outside = (scanner.quotes_before & 1) == phase
            ends_at, separators = ends_at & outside, scanner.is_separator & outside
        terms = np.flatnonzero(ends_at)
        self.ends: Places = scanner.places[terms]
        self.starts: Places = np.concatenate((np.zeros(1, np.int64), self.ends[:-1] + 1))[: terms.size]
        separators_before = np.cumsum(separators, dtype=np.int32)[terms]
        self.columns = np.diff(separators_before, prepend=0) + 1
        if scanner.quotes.size:
            lines_before = np.cumsum(scanner.is_end, dtype=np.int64)[terms]
        else:
            lines_before = np.arange(1, terms.size + 1, dtype=np.int64)
        self.line_counts = np.diff(lines_before, prepend=0)
        self.lines = scanner.first_line + lines_before - self.line_counts
        self.suspects = self._find_suspects(scanner, phase) if scanner.quotes.size else np.empty(0, np.int64)

    def _find_suspects(self, scanner: "_Scanner", phase: int) -> Places:
        """The records, by number, that have to be looked at alone, ascending."""
        opens = (np.arange(scanner.quotes.size) & 1) == phase
        odd = scanner.quotes[np.where(opens, ~scanner.may_open, ~scanner.may_close)]
        by_quote = np.searchsorted(self.ends, odd)
        strange = (self.columns != scanner.layout.columns) | (self.line_counts > limits.QUOTED_LINES_ALIKE_MAX)
        strange |= (self.ends - self.starts) > limits.RECORD_BYTES_MAX
        by_shape = np.flatnonzero(strange & (self.line_counts > 1))
        both = np.union1d(by_quote, by_shape)
        suspects: Places = both[both < self.ends.size]
        return suspects


class _Scanner:
    """Goes through one block."""

    def __init__(self, data: bytes, first_line: int, layout: Layout, *, is_last: bool) -> None:
        """Find the places of line ends, separators and quotes."""
        self.data, self.first_line, self.layout, self.is_last = data, first_line, layout, is_last
        self.text = np.frombuffer(data, np.uint8)
        ends = line_ends(data, self.text, is_last=is_last)
        marks = self.text == layout.separator
        marks |= ends
        has_quotes = b'"' in data
        if has_quotes:
            marks |= self.text == QUOTE
        self.places: Places = np.flatnonzero(marks)
        self.is_end = ends[self.places]
        self.quotes: Places = np.empty(0, np.int64)
        if has_quotes:
            self._follow_quotes()
        self._phases: dict[int, _Phase] = {}
        self._has_returns = b"\r" in data
        lines_end = int(self._physical_ends[-1]) + 1 if self._physical_ends.size else 0
        self._flawed = flaws.places(data, self.text, lines_end, may_be_damaged=layout.may_be_damaged)
        self.found = Scan()

    def _follow_quotes(self) -> None:
        kinds = self.text[self.places]
        is_quote = kinds == QUOTE
        self.is_separator = kinds == self.layout.separator
        self.quotes_before = np.cumsum(is_quote, dtype=np.int32)
        self.quotes = self.places[is_quote]
        borders = np.zeros(256, np.bool_)
        borders[[_LF, _CR, QUOTE, self.layout.separator]] = True
        self.may_open = borders[self.text[self.quotes - 1]]
        self.may_close = borders[self.text[np.minimum(self.quotes + 1, self.text.size - 1)]]
        if self.quotes[0] == 0:
            self.may_open[0] = True

    @cached_property
    def _physical_ends(self) -> Places:
        return self.places[self.is_end]

    def run(self) -> Scan:
        """Go from record to record, by whole runs of them where nothing is odd."""
        place = 0
        while True:
            phase = self._phase_at(place)
            first = int(np.searchsorted(phase.ends, place))
            nth = int(np.searchsorted(phase.suspects, first))
            is_clear = nth == phase.suspects.size
            stop = phase.ends.size if is_clear else int(phase.suspects[nth])
            if stop > first:
                self._take(phase, first, stop)
                place = int(phase.ends[stop - 1]) + 1
            if place >= len(self.data) or (is_clear and self._may_wait(place)):
                break
            after = self._look(place)
            if after is None:
                break
            place = after
        self.found.consumed = place
        self.found.physical_lines = int(np.searchsorted(self._physical_ends, place))
        return self.found

    def _phase_at(self, place: int) -> _Phase:
        number = int(np.searchsorted(self.quotes, place)) & 1
        if number not in self._phases:
            self._phases[number] = _Phase(self, number)
        return self._phases[number]

    def _may_wait(self, place: int) -> bool:
        """Whether the unfinished record there is left to the next block."""
        if self.is_last:
            return False
        has_line_end = self._physical_ends.size > 0 and int(self._physical_ends[-1]) >= place
        return len(self.data) - place <= limits.RECORD_BYTES_MAX or not has_line_end

    def _look(self, place: int) -> int | None:
        """Judge the one record or line that starts there; the place after it, None if more data is needed."""
        nth = int(np.searchsorted(self._physical_ends, place))
        line_end = int(self._physical_ends[nth])
        line = self.first_line + nth
        if line_end - place > limits.RECORD_BYTES_MAX:
            self._reject(place, line_end, line, RejectReason.FIELD_TOO_LONG, flaws.too_long())
            return line_end + 1
        parsed = one_by_one.parse(self.data, place, self.layout.separator)
        if self._runs_out(parsed) and self._may_wait(place):
            return None
        if isinstance(parsed, one_by_one.Trouble):
            self._reject(place, line_end, line, parsed.reason, parsed.detail)
            return line_end + 1
        count = int(np.searchsorted(self._physical_ends, parsed.end)) - nth
        if count > 1 and self._is_open_quote(place, line_end, parsed, count):
            detail = f"opens a quote that would run over {count} lines"
            self._reject(place, line_end, line, RejectReason.QUOTE_NOT_CLOSED, detail)
            return line_end + 1
        self.found.continuation_lines += count - 1
        self._judge(place, parsed, line)
        return parsed.end

    def _runs_out(self, parsed: one_by_one.Parsed | one_by_one.Trouble) -> bool:
        if isinstance(parsed, one_by_one.Trouble):
            return parsed.runs_out
        return parsed.end >= len(self.data) and self.data[-1] != _LF

    def _is_open_quote(self, place: int, line_end: int, parsed: one_by_one.Parsed, count: int) -> bool:
        """Whether a record of several lines is rather a line with a quote left open, and rows after it."""
        if parsed.end - place > limits.RECORD_BYTES_MAX:
            return True
        separator, wanted = bytes([self.layout.separator]), self.layout.columns
        if len(parsed.fields) != wanted and self.data.count(separator, place, line_end) + 1 == wanted:
            return True
        if wanted == 1 or count <= limits.QUOTED_LINES_ALIKE_MAX + 1:
            return False
        inner = self.data[line_end + 1 : parsed.end].splitlines()[:-1]
        alike = sum(text.count(separator) + 1 == wanted for text in inner)
        return alike > limits.QUOTED_LINES_ALIKE_MAX and alike >= len(inner) * 9 // 10

    def _judge(self, place: int, parsed: one_by_one.Parsed, line: int) -> None:
        flaw = flaws.of_bytes(self.data[place : parsed.end], may_be_damaged=self.layout.may_be_damaged)
        if flaw is None and len(parsed.fields) != self.layout.columns:
            flaw = flaws.of_columns(len(parsed.fields), self.layout.columns)
        if flaw is not None:
            self._reject(place, parsed.end, line, *flaw)
            return
        text = one_by_one.written(parsed.fields, self.layout.separator)
        self.found.clean.append(text)
        self.found.line_pieces.append(np.array([line], np.int64))
        self.found.has_line_ends_in_quotes |= b"\n" in text[:-1] or b"\r" in text
        self.found.longest_bytes = max(self.found.longest_bytes, len(text))

    def _reject(self, start: int, end: int, line: int, reason: RejectReason, detail: str) -> None:
        self.found.rejects.append(Reject(line, reason, detail, flaws.shown(self.data, start, end)))

    def _take(self, phase: _Phase, first: int, stop: int) -> None:
        """Take a run of records without odd quotes: clean ones as they stand, the others as rejects."""
        starts, ends = phase.starts[first:stop], phase.ends[first:stop]
        columns, lines = phase.columns[first:stop], phase.lines[first:stop]
        lengths = ends - starts
        empty = lengths == 0
        if self._has_returns:
            empty |= (lengths == 1) & (self.text[starts] == _CR)
        bad = (columns != self.layout.columns) & ~empty
        bad |= lengths > limits.RECORD_BYTES_MAX
        if self._flawed.size:
            bad[self._flawed_records(starts, ends)] = True
        clean = ~bad & ~empty
        self.found.blank_lines += int(np.count_nonzero(empty))
        self.found.continuation_lines += int(phase.line_counts[first:stop].sum()) - (stop - first)
        self.found.line_pieces.append(lines[clean])
        if clean.any():
            self.found.longest_bytes = max(self.found.longest_bytes, int(lengths[clean].max()) + 1)
            self.found.has_line_ends_in_quotes |= bool((phase.line_counts[first:stop][clean] > 1).any())
        view = memoryview(self.data)
        start = int(starts[0])
        for nth in np.flatnonzero(bad).tolist():
            if starts[nth] > start:
                self.found.clean.append(view[start : int(starts[nth])])
            start = int(ends[nth]) + 1
            self._sort_out(int(starts[nth]), int(ends[nth]), int(lines[nth]), int(columns[nth]))
        if ends[-1] + 1 > start:
            self.found.clean.append(view[start : int(ends[-1]) + 1])

    def _flawed_records(self, starts: Places, ends: Places) -> list[int]:
        """The numbers of the records whose bytes are at fault."""
        first, stop = np.searchsorted(self._flawed, (starts[0], ends[-1])).tolist()
        asked = np.unique(np.searchsorted(ends, self._flawed[first:stop])).tolist()
        may_be_damaged = self.layout.may_be_damaged
        texts = ((nth, self.data[starts[nth] : ends[nth]]) for nth in asked)
        return [nth for nth, text in texts if flaws.of_bytes(text, may_be_damaged=may_be_damaged)]

    def _sort_out(self, start: int, end: int, line: int, columns: int) -> None:
        """Say why a record is not clean; lines of nothing but blanks are blank lines."""
        if end - start > limits.RECORD_BYTES_MAX:
            self._reject(start, end, line, RejectReason.FIELD_TOO_LONG, flaws.too_long())
            return
        record = self.data[start:end]
        if columns == 1 and not record.strip():
            self.found.blank_lines += 1
            return
        flaw = flaws.of_bytes(record, may_be_damaged=self.layout.may_be_damaged)
        self._reject(start, end, line, *(flaw or flaws.of_columns(columns, self.layout.columns)))
