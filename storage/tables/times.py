"""How texts become dates and date-times in SQL: exactly as their pattern says, in UTC, or not at all (faults 87, 88).

A local time that clocks skip does not exist and is refused. One that happens twice is the first of the two, by the
offset from before the change: that is how a log that is read on sees it first, and the same text always gives the
same time.
"""

import re

from storage.database import text_literal
from storage.records.formats import ISO_FORMATS

_UTC = frozenset({"UTC", "Etc/UTC"})
_OFFSET = "[Zz]|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?"
_SHAPES = {
    **dict.fromkeys("djmHIMSy", "[0-9]{1,3}"),
    **dict.fromkeys("aAbBp", "[^0-9]+"),
    "Y": "[0-9]{1,4}",
    "f": "[0-9]{1,6}",
    "%": "%",
}
"""What a directive looks like; what it may be is said by printing the parsed time again."""
_ISO_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_ISO_TIME = f"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]{{1,9}})?)?(?:{_OFFSET})?"
_ISO_OFFSET_AT = "(?:" + _OFFSET + ")$"


def date(text: str, pattern: str) -> str:
    """Return SQL for the day that a text names, null where it is not written so; an offset does not move it."""
    if pattern in ISO_FORMATS:
        return f"CASE WHEN regexp_full_match({text}, '{_ISO_DAY}') THEN TRY_CAST({text} AS DATE) END"
    return f"CAST({_as_written(text, pattern)} AS DATE)"


def date_time(text: str, pattern: str, zone: str) -> str:
    """Return SQL for the time (TIMESTAMP, UTC) that a text tells, null where it is not written so or never was.

    zone: the IANA zone of texts that do not tell their offset; one that the time zone database knows.
    """
    written, offset = _as_written(text, pattern), _offset_s(text, pattern)
    if offset is None:
        return _utc(written, zone)
    told = f"{written} - to_seconds({offset})"
    if "%z" in pattern:
        return told
    return f"CASE WHEN {offset} IS NULL THEN {_utc(written, zone)} ELSE {told} END"


def is_skipped(text: str, pattern: str, zone: str) -> str:
    """Return SQL that is true where a text is written well and tells a time that clocks skip in its zone."""
    return f"({_as_written(text, pattern)} IS NOT NULL AND {date_time(text, pattern, zone)} IS NULL)"


def day_start(day: str, zone: str) -> str:
    """Return SQL for the first moment of a day (DATE) in a zone, as UTC; null stays null."""
    midnight = f"CAST({day} AS TIMESTAMP)"
    if zone in _UTC:
        return midnight
    # Where clocks skip midnight, it is read by the offset before: the moment of the change, when the day begins.
    return f"coalesce({_utc(midnight, zone)}, {_to_utc(midnight, zone)})"


def _as_written(text: str, pattern: str) -> str:
    """Return SQL for the local time that stands in a text, null where it is not written exactly so."""
    if pattern in ISO_FORMATS:
        plain = f"regexp_replace({text}, '{_ISO_OFFSET_AT}', '')"
        shape = f"regexp_full_match({text}, '{_ISO_DAY}[Tt ]{_ISO_TIME}')"
        return f"CASE WHEN {shape} THEN TRY_CAST({plain} AS TIMESTAMP) END"
    if not re.search("%[fz]", pattern.replace("%%", "")):
        return _printed_back(text, text, pattern, pattern)
    shape, groups = _shape(pattern)
    whole, bare = "", ""
    for number, part in enumerate(groups, 1):
        whole += "" if part == "%z" else f"\\{number}"
        bare += "" if part in {"%z", "%f"} else f"\\{number}"
    kept, compared = (f"regexp_replace({text}, {text_literal(shape)}, '{parts}')" for parts in (whole, bare))
    parsed = _printed_back(
        kept, compared, "".join(part for part in groups if part != "%z"), _without(groups, {"%z", "%f"})
    )
    return f"CASE WHEN regexp_full_match({text}, {text_literal(shape)}) THEN {parsed} END"


def _without(groups: list[str], left_out: set[str]) -> str:
    return "".join(part for part in groups if part not in left_out)


def _printed_back(text: str, compared: str, pattern: str, printed_as: str) -> str:
    # try_strptime takes 1997121 for 1 December under %Y%m%d, so the date must print as it was written;
    # a number without its leading zero (1-2-2026) is the same writing.
    parsed = f"try_strptime({text}, {text_literal(pattern)})"
    bare = "regexp_replace({}, '(^|[^0-9])0+([0-9])', '\\1\\2', 'g')"
    printed = f"strftime({parsed}, {text_literal(printed_as)})"
    # Two cases, because both sides of an OR are worked out for every row.
    same = f"lower({bare.format(printed)}) = lower({bare.format(compared)})"
    return f"CASE WHEN {printed} = {compared} THEN {parsed} WHEN {same} THEN {parsed} END"


def _shape(pattern: str) -> tuple[str, list[str]]:
    """Return a pattern as a regular expression of groups, and what each group is: "%f", "%z", or other text of it."""
    groups = [part for part in re.split("(%f|%z)", pattern) if part]
    shape = ""
    for part in groups:
        if part == "%z":
            shape += f"({_OFFSET})"
        elif part == "%f":
            # Some write more places than a time holds; what is finer than a microsecond is cut off.
            shape += f"({_SHAPES['f']})[0-9]{{0,3}}"
        else:
            shape += f"({_expression(part)})"
    return shape, groups


def _expression(part: str) -> str:
    said = ""
    for directive, plain in re.findall("%-?(.)|([^%]+)", part, re.DOTALL):
        said += _SHAPES.get(directive, "") if directive else re.escape(plain)
    return said


def _offset_s(text: str, pattern: str) -> str | None:
    """Return SQL for the seconds that a text says it is ahead of UTC; None where the pattern has no place for it.

    Null in a text of ISO 8601 that says nothing.
    """
    if pattern in ISO_FORMATS:
        said = f"nullif(regexp_extract({text}, '{_ISO_OFFSET_AT}'), '')"
        # A day alone ends like an offset of hours; only what follows a time is one.
        said = f"CASE WHEN contains({text}, ':') THEN {said} END"
    elif "%z" in pattern:
        shape, groups = _shape(pattern)
        said = f"nullif(regexp_extract({text}, {text_literal(f'^{shape}$')}, {groups.index('%z') + 1}), '')"
    else:
        return None
    hours, minutes = f"TRY_CAST(substr({said}, 2, 2) AS INTEGER)", f"replace(substr({said}, 4), ':', '')"
    ahead = f"{hours} * 3600 + coalesce(TRY_CAST({minutes} AS INTEGER), 0) * 60"
    return f"CASE left({said}, 1) WHEN '+' THEN {ahead} WHEN '-' THEN -({ahead}) WHEN 'Z' THEN 0 WHEN 'z' THEN 0 END"


def _to_utc(local: str, zone: str) -> str:
    # By microseconds: a cast would read the session's own zone, and TIMESTAMPTZ is never stored.
    return f"make_timestamp(epoch_us(timezone({text_literal(zone)}, {local})))"


def _to_local(utc: str, zone: str) -> str:
    return f"timezone({text_literal(zone)}, timezone('UTC', {utc}))"


def _utc(local: str, zone: str) -> str:
    """Return SQL for a local time in UTC: null where clocks skip it, the first of two where they show it twice.

    DuckDB moves skipped times by the gap and takes the second of two: the one is seen by going back, the other by
    what the clock showed a day before.
    """
    if zone in _UTC:
        return local
    second = _to_utc(local, zone)
    day_before = f"{second} - INTERVAL 1 DAY"
    offset = f"({_to_local(day_before, zone)} - ({day_before}))"
    first = f"{local} - {offset}"
    return (
        f"CASE WHEN {_to_local(day_before, zone)} <> {local} - INTERVAL 1 DAY AND {_to_local(first, zone)} = {local} "
        f"THEN {first} WHEN {_to_local(second, zone)} = {local} THEN {second} END"
    )
