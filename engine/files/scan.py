"""Finds and counts the records of a block of text by a vectorised scan of its bytes, without any parser.

Quotes are followed by parity: a separator or line end with an odd number of quotes before it stands inside a
field. Every quote has two neighbours that say whether it may open or close a field; where they say no, the
record is looked at alone (`one_by_one`). A line whose quote was left open is rejected alone and reading
resumes at the next line, which turns the parity over: so both parities ("phases") are worked out, and the
scan goes from one to the other.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.base import limits
from engine.files import flaws, one_by_one, plain
from engine.files.flaws import Reject
from engine.files.one_by_one import Marks
from storage.records.files import RejectReason

Places = NDArray[np.int64]
Mend = Callable[[bytes, int], tuple[list[bytes] | None, str]]
"""Takes a record without its line end, and its line; gives its fields, None if it stays out, and what was done."""
_LF, _CR = 10, 13


@dataclass(frozen=True)
class Layout:
    """How the file is laid out. may_be_damaged: records that are no UTF-8 are rejects; mend: what salvages records."""

    marks: Marks
    columns: int
    may_be_damaged: bool
    mend: Mend | None = None


@dataclass
class Scan:
    """What one block of text holds; the caller keeps what lies behind consumed for the next block.

    clean: pieces of text that, joined, are `lines.size` records with the right number of columns (and empty
    lines). lines: where they start, 1-based. mended: those of them that did not fit as they stood.
    physical_lines: line ends consumed.
    """

    consumed: int = 0
    physical_lines: int = 0
    blank_lines: int = 0
    continuation_lines: int = 0
    clean: list[memoryview | bytes] = field(default_factory=list)
    lines: Places = field(default_factory=lambda: np.empty(0, np.int64))
    rejects: list[Reject] = field(default_factory=list)
    mended: list[Reject] = field(default_factory=list)
    has_line_ends_in_quotes: bool = False
    longest_bytes: int = 0
    is_cut: bool = False


def scan(data: bytes, first_line: int, layout: Layout, *, is_last: bool) -> Scan:
    """Scan a block that starts at a record's start.

    Args:
        data: UTF-8 text; ends with a line end where is_last.
        first_line: The physical line in the file that the block starts at.
        layout: How the file is laid out.
        is_last: Nothing follows, so a quote that is open at the end stays open.
    """
    end = data.rfind(b"\n") + 1
    lines = plain.lines(data, end, layout.marks, layout.columns)
    if lines is None:
        return _Scanner(data, first_line, layout, is_last=is_last).run()
    numbers = np.arange(first_line, first_line + lines.number)
    text = memoryview(data)[:end]
    return Scan(end, lines.number, clean=[text], lines=numbers, longest_bytes=lines.longest_bytes)


def line_ends(data: bytes, text: NDArray[np.uint8], *, is_last: bool) -> NDArray[np.bool_]:
    """Where lines end: at LF, at CR LF (its LF) or at a CR alone; a CR at the very end waits for what follows."""
    ends: NDArray[np.bool_] = text == _LF
    if b"\r" in data:
        returns = text == _CR
        returns[:-1] &= ~ends[1:]
        returns[-1] &= is_last
        ends |= returns
    return ends


def _listed(places: Places) -> "array[int]":
    """The same as a sequence that is quick to bisect, and small."""
    listed = array("q")
    listed.frombytes(places.astype(np.int64, copy=False).tobytes())
    return listed


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
        self.lines_before = lines_before
        self.line_counts = np.diff(lines_before, prepend=0)
        self.lines = scanner.first_line + lines_before - self.line_counts
        suspects = self._find_suspects(scanner, phase) if scanner.quotes.size else np.empty(0, np.int64)
        if scanner.escapes.size:
            by_escape = np.searchsorted(self.ends, scanner.escapes)
            suspects = np.union1d(suspects, by_escape[by_escape < self.ends.size])
        self._sort(scanner, suspects)

    @cached_property
    def _ends_listed(self) -> "array[int]":
        return _listed(self.ends)

    def number_at(self, place: int) -> int:
        """The number of the record that holds a place."""
        return bisect_left(self._ends_listed, place) if place else 0

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

    def _sort(self, scanner: "_Scanner", suspects: Places) -> None:
        """Tell clean records from blank lines and from those that are rejected, or looked at alone."""
        lengths = self.ends - self.starts
        self.empty = lengths == 0
        if scanner.has_returns:
            self.empty |= (lengths == 1) & (scanner.text[self.starts] == _CR)
        self.bad = (self.columns != scanner.layout.columns) & ~self.empty
        self.bad |= lengths > limits.RECORD_BYTES_MAX
        self.bad[self._flawed(scanner)] = True
        if scanner.layout.mend is not None:
            suspects = np.union1d(suspects, np.flatnonzero(self.bad))
        clean = ~(self.bad | self.empty)
        self.odd = _listed(np.flatnonzero(~clean))
        clean[suspects] = False
        self.suspects = _listed(suspects)
        self.longest_bytes = int(lengths[clean].max()) + 1 if clean.any() else 0
        self.has_line_ends_in_quotes = bool((self.line_counts[clean] > 1).any())

    def _flawed(self, scanner: "_Scanner") -> list[int]:
        """The numbers of the records whose bytes are at fault."""
        asked = np.unique(np.searchsorted(self.ends, scanner.flawed))
        may_be_damaged = scanner.layout.may_be_damaged
        numbers = asked[asked < self.ends.size].tolist()
        texts = ((nth, scanner.data[self.starts[nth] : self.ends[nth]]) for nth in numbers)
        return [nth for nth, text in texts if flaws.of_bytes(text, may_be_damaged=may_be_damaged)]


class _Scanner:
    """Goes through one block."""

    def __init__(self, data: bytes, first_line: int, layout: Layout, *, is_last: bool) -> None:
        """Find the places of line ends, separators and quotes."""
        self.data, self.first_line, self.layout, self.is_last = data, first_line, layout, is_last
        self.marks, self._separator = layout.marks, layout.marks.separator_bytes
        self.text = np.frombuffer(data, np.uint8)
        ends = line_ends(data, self.text, is_last=is_last)
        marks = self.text == self.marks.separator
        marks |= ends
        has_quotes = self.marks.quote is not None and self.marks.quote_bytes in data
        if has_quotes:
            marks |= self.text == self.marks.quote
        self.escapes: Places = np.empty(0, np.int64)
        if self.marks.escape is not None and self.marks.escape_bytes in data:
            self._leave_out_escaped(marks, ends)
        self.places: Places = np.flatnonzero(marks)
        self.is_end = ends[self.places]
        self.quotes: Places = np.empty(0, np.int64)
        if has_quotes:
            self._follow_quotes()
        self._phases: dict[int, _Phase] = {}
        self.has_returns = b"\r" in data
        lines_end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        self.flawed = flaws.places(data, self.text, lines_end, may_be_damaged=layout.may_be_damaged)
        self._line_pieces: list[Places] = []
        self.found = Scan()

    def _leave_out_escaped(self, marks: NDArray[np.bool_], ends: NDArray[np.bool_]) -> None:
        """Take the marks away that an escape stands before; of several escapes every second is text."""
        self.escapes = np.flatnonzero(self.text == self.marks.escape)
        numbers = np.arange(self.escapes.size)
        begins_run = np.diff(self.escapes, prepend=-2) != 1
        in_run = numbers - np.maximum.accumulate(np.where(begins_run, numbers, 0))
        after = self.escapes[in_run % 2 == 0] + 1
        after = after[after < self.text.size]
        marks[after] &= ends[after]

    def _follow_quotes(self) -> None:
        kinds = self.text[self.places]
        is_quote = kinds == self.marks.quote
        self.is_separator = kinds == self.marks.separator
        self.quotes_before = np.cumsum(is_quote, dtype=np.int32)
        self.quotes = self.places[is_quote]
        borders = np.zeros(256, np.bool_)
        borders[[_LF, _CR, self.marks.quote or 0, self.marks.separator]] = True
        self.may_open = borders[self.text[self.quotes - 1]]
        self.may_close = borders[self.text[np.minimum(self.quotes + 1, self.text.size - 1)]]
        if self.quotes.size and self.quotes[0] == 0:
            self.may_open[0] = True

    @cached_property
    def _physical_ends(self) -> "array[int]":
        return _listed(self.places[self.is_end])

    @cached_property
    def _quotes(self) -> "array[int]":
        return _listed(self.quotes)

    def run(self) -> Scan:
        """Go from record to record, by whole runs of them where nothing is odd."""
        place = 0
        while True:
            phase = self._phase_at(place)
            first = phase.number_at(place)
            nth = bisect_left(phase.suspects, first)
            is_clear = nth == len(phase.suspects)
            stop = phase.ends.size if is_clear else phase.suspects[nth]
            last_odd = bisect_left(phase.odd, first) + limits.REJECTS_AT_ONCE_MAX
            if last_odd < len(phase.odd) and phase.odd[last_odd] < stop:
                stop, is_clear = phase.odd[last_odd], False
            if stop > first:
                self._take(phase, first, stop)
                place = int(phase.ends[stop - 1]) + 1
            if place >= len(self.data) or (is_clear and self._may_wait(place)):
                break
            if len(self.found.rejects) + self.found.blank_lines >= limits.REJECTS_AT_ONCE_MAX:
                self.found.is_cut = True
                break
            after = self._look(place)
            if after is None:
                break
            place = after
        self.found.consumed = place
        self.found.physical_lines = int(np.count_nonzero(self.is_end[: np.searchsorted(self.places, place)]))
        if self._line_pieces:
            self.found.lines = np.concatenate(self._line_pieces)
        return self.found

    def _phase_at(self, place: int) -> _Phase:
        number = bisect_left(self._quotes, place) & 1
        if number not in self._phases:
            self._phases[number] = _Phase(self, number)
        return self._phases[number]

    def _may_wait(self, place: int) -> bool:
        """Whether the unfinished record there is left to the next block."""
        if self.is_last:
            return False
        if len(self.data) - place <= limits.RECORD_BYTES_MAX:
            return True
        return not self._physical_ends or self._physical_ends[-1] < place

    def _look(self, place: int) -> int | None:
        """Judge the one record or line that starts there; the place after it, None if more data is needed."""
        nth = bisect_left(self._physical_ends, place)
        line_end = self._physical_ends[nth]
        line = self.first_line + nth
        if line_end - place > limits.RECORD_BYTES_MAX:
            self._reject(place, line_end, line, RejectReason.FIELD_TOO_LONG, flaws.too_long())
            return line_end + 1
        if self._is_plain(place, line_end):
            count = self.data.count(self._separator, place, line_end) + 1
            self._judge(place, line_end + 1, line, count, None)
            return line_end + 1
        parsed = one_by_one.parse(self.data, place, self.marks)
        if self._runs_out(parsed) and self._may_wait(place):
            return None
        if isinstance(parsed, one_by_one.Trouble):
            self._reject(place, line_end, line, parsed.reason, parsed.detail)
            return line_end + 1
        count = bisect_left(self._physical_ends, parsed.end) - nth
        if count > 1 and self._is_open_quote(place, line_end, parsed, count):
            detail = f"opens a quote that would run over {count} lines"
            self._reject(place, line_end, line, RejectReason.QUOTE_NOT_CLOSED, detail)
            return line_end + 1
        self.found.continuation_lines += count - 1
        self._judge(place, parsed.end, line, len(parsed.fields), parsed)
        return parsed.end

    def _is_plain(self, place: int, line_end: int) -> bool:
        """Whether no field of the line opens a quote, so that all quotes in it are text."""
        if self.escapes.size and self.marks.escape_bytes in self.data[place:line_end]:
            return False
        if self.marks.quote is None:
            return True
        return self.data[place] != self.marks.quote and self.data.find(self.marks.opening, place, line_end) < 0

    def _runs_out(self, parsed: one_by_one.Parsed | one_by_one.Trouble) -> bool:
        if isinstance(parsed, one_by_one.Trouble):
            return parsed.runs_out
        return parsed.end >= len(self.data) and self.data[-1] != _LF

    def _is_open_quote(self, place: int, line_end: int, parsed: one_by_one.Parsed, count: int) -> bool:
        """Whether a record of several lines is rather a line with a quote left open, and rows after it."""
        if parsed.end - place > limits.RECORD_BYTES_MAX:
            return True
        separator, wanted = self._separator, self.layout.columns
        if len(parsed.fields) != wanted and self.data.count(separator, place, line_end) + 1 == wanted:
            return True
        if wanted == 1 or count <= limits.QUOTED_LINES_ALIKE_MAX + 1:
            return False
        inner = self.data[line_end + 1 : parsed.end].splitlines()[:-1]
        alike = sum(text.count(separator) + 1 == wanted for text in inner)
        return alike > limits.QUOTED_LINES_ALIKE_MAX and alike >= len(inner) * 9 // 10

    def _judge(self, place: int, end: int, line: int, columns: int, parsed: one_by_one.Parsed | None) -> None:
        """Take or reject one record; where parsed is given, it is written anew for the parser."""
        flaw = flaws.of_bytes(self.data[place:end], may_be_damaged=self.layout.may_be_damaged)
        if flaw is None and columns != self.layout.columns:
            flaw = flaws.of_columns(columns, self.layout.columns)
        if flaw is not None:
            self._reject(place, end, line, *flaw)
            return
        text = self.data[place:end]
        if parsed is not None:
            text = one_by_one.written(parsed.fields, self.marks)
        self._keep(text, line)

    def _keep(self, text: bytes, line: int) -> None:
        """Take one record as it is given to the parser."""
        body = text.rstrip(b"\r\n")
        self.found.has_line_ends_in_quotes |= b"\n" in body or b"\r" in body
        self.found.clean.append(text)
        self._line_pieces.append(np.array([line], np.int64))
        self.found.longest_bytes = max(self.found.longest_bytes, len(text))

    def _reject(self, start: int, end: int, line: int, reason: RejectReason, detail: str) -> None:
        shown = flaws.shown(self.data, start, end)
        if self.layout.mend is not None and end - start <= limits.RECORD_BYTES_MAX:
            fields, done = self.layout.mend(self.data[start:end].rstrip(b"\r\n"), line)
            detail = f"{detail}; {done}" if done else detail
            if fields is not None:
                self.found.mended.append(Reject(line, reason, detail, shown))
                self._keep(one_by_one.written(fields, self.marks), line)
                return
        self.found.rejects.append(Reject(line, reason, detail, shown))

    def _take(self, phase: _Phase, first: int, stop: int) -> None:
        """Take a run of records without odd quotes: clean ones as they stand, the others as rejects."""
        found, view = self.found, memoryview(self.data)
        found.longest_bytes = max(found.longest_bytes, phase.longest_bytes)
        found.has_line_ends_in_quotes |= phase.has_line_ends_in_quotes
        lines_before = int(phase.lines_before[first - 1]) if first else 0
        found.continuation_lines += int(phase.lines_before[stop - 1]) - lines_before - (stop - first)
        start, end = int(phase.starts[first]), int(phase.ends[stop - 1]) + 1
        odd = phase.odd[bisect_left(phase.odd, first) : bisect_left(phase.odd, stop)]
        lines = phase.lines[first:stop]
        if not odd:
            self._line_pieces.append(lines)
            found.clean.append(view[start:end])
            return
        empty, bad = phase.empty[first:stop], phase.bad[first:stop]
        found.blank_lines += int(np.count_nonzero(empty))
        self._line_pieces.append(lines[~(empty | bad)])
        for nth in odd:
            if phase.empty[nth]:
                continue
            place, place_end = int(phase.starts[nth]), int(phase.ends[nth])
            if place > start:
                found.clean.append(view[start:place])
            start = place_end + 1
            self._sort_out(place, place_end, int(phase.lines[nth]), int(phase.columns[nth]))
        if end > start:
            found.clean.append(view[start:end])

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
