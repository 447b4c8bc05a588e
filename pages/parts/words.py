"""Says numbers, rates, sizes and durations the way every page does; pure. Times are said by pages.parts.times."""

UNKNOWN = "–"  # noqa: RUF001 - the dash that stands for what is not known
_COMPACT_FROM = 10_000
_UNITS = ((10**9, "B"), (10**6, "M"), (10**3, "K"))
_SIZES = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))
_SECOND_MS, _MINUTE_S, _HOUR_S = 1_000, 60, 3_600
_HUNDRED = 100


def count(number: int | None) -> str:
    """Return the exact number, "103,412", as tables have it."""
    return UNKNOWN if number is None else f"{number:,}"


def compact(number: int | None) -> str:
    """Return "103K" or "1.2M" over 9,999, for metrics and sentences; the exact one belongs into the help."""
    if number is None or abs(number) < _COMPACT_FROM:
        return count(number)
    for factor, letter in _UNITS:
        # What rounds up to the next unit is said in it: 999,950 is 1M, not 1,000K.
        if abs(number) >= factor * 0.9995:
            scaled = number / factor
            return f"{scaled:.1f}".removesuffix(".0") + letter if abs(scaled) < _HUNDRED else f"{scaled:.0f}{letter}"
    return count(number)


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return "1 row" or "2 rows"; many is the word for all but one where an s is not enough."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def account(partner: str, name: str) -> str:
    """Return "Meta · Retail NL", how an account at a partner is called; a name that begins with the partner's alone."""
    return name if name.casefold().startswith(partner.casefold()) else f"{partner} · {name}"


def inside(label: str) -> str:
    """Return a label as it reads inside a sentence: "your own id", "e-mail"; an abbreviation stays as it is."""
    return label if label[:2].isupper() and label[:2].isalpha() else label[:1].lower() + label[1:]


def rate(part: int, whole: int, places: int = 1) -> str:
    """Return "2.3 %" (tables) or, with two places, "2.31 %" (metrics)."""
    return UNKNOWN if not whole else f"{_HUNDRED * part / whole:.{places}f} %"


def size(size_bytes: int | None) -> str:
    """Return "8.1 MB"."""
    if size_bytes is None:
        return UNKNOWN
    for factor, unit in _SIZES:
        if size_bytes >= factor:
            return f"{size_bytes / factor:.1f} {unit}"
    return counted(size_bytes, "byte")


def duration(seconds: float | None) -> str:
    """Return "640 ms", "0:41" (minutes and seconds), "2 min 08 s" or "1 h 05 min"."""
    if seconds is None:
        return UNKNOWN
    if seconds < 1:
        return f"{seconds * _SECOND_MS:.0f} ms"
    whole = int(seconds)
    if whole < _MINUTE_S:
        return f"0:{whole:02d}"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S:02d} s"
    return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S:02d} min"


def minutes(every_minutes: int | None) -> str:
    """Return "Every 15 minutes", or "Only by Run now" where nothing is scheduled."""
    if every_minutes is None:
        return "Only by Run now"
    return "Every minute" if every_minutes == 1 else f"Every {every_minutes:,} minutes"
