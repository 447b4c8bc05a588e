"""What reads a parsed YAML file piece by piece: every mistake is named by its place in the file. Pure."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from engine.base import errors

_Word = TypeVar("_Word", bound=StrEnum)


class Place:
    """A mapping of the file and where it stands; what nobody asked for is refused by `done`."""

    def __init__(self, value: Any, where: str) -> None:
        """Begin at a mapping."""
        if not isinstance(value, dict):
            raise errors.BadInput(f"{where or 'the file'} should be a mapping of names to values.")
        self._left = dict(value)
        self._where = where

    def take(self, name: str, check: Callable[[Any, str], Any], default: Any = ...) -> Any:
        """Return one checked value; without a default it must be there."""
        where = f"{self._where}.{name}" if self._where else name
        if name not in self._left:
            if default is ...:
                raise errors.BadInput(f"{where} is missing.")
            return default
        return check(self._left.pop(name), where)

    def done(self) -> None:
        """Refuse names that mean nothing here, so that a misspelt one is not silently left out."""
        if self._left:
            where = self._where or "the file"
            raise errors.BadInput(f"{where} has {', '.join(map(str, self._left))}, which is not known there.")


def each(check: Callable[[Any, str], Any]) -> Callable[[Any, str], list[Any]]:
    """Return a check for lists whose items all pass this one."""

    def listed(value: Any, where: str) -> list[Any]:
        if not isinstance(value, list):
            raise errors.BadInput(f"{where} should be a list.")
        return [check(item, f"{where}[{number}]") for number, item in enumerate(value)]

    return listed


def word(kind: type[_Word]) -> Callable[[Any, str], _Word]:
    """Return a check for the words of an enumeration."""

    def chosen(value: Any, where: str) -> _Word:
        if not isinstance(value, str) or value not in {item.value for item in kind}:
            raise errors.BadInput(f"{where} is {value}; it can be {', '.join(item.value for item in kind)}.")
        return kind(value)

    return chosen


def text(value: Any, where: str) -> str:
    """Return a text that is not empty."""
    if not isinstance(value, str) or not value:
        raise errors.BadInput(f"{where} should be text.")
    return value


def integer(value: Any, where: str) -> int:
    """Return a whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise errors.BadInput(f"{where} should be a whole number.")
    return value


def boolean(value: Any, where: str) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise errors.BadInput(f"{where} should be true or false.")
    return value
