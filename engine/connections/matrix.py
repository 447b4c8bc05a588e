"""The matrix of ruling 20: which details a way of exchanging files needs, and who gives them. Pure."""

from dataclasses import dataclass

from storage.records.connections import DataType, Direction, Method, Methodology


@dataclass(frozen=True)
class Way:
    """One combination: the fields a person gives, what Handoff provides, and whether it is built.

    given names fields of the wizard's answers; those in `optional` may stay empty.
    """

    given: tuple[str, ...]
    provided: tuple[str, ...]
    optional: frozenset[str] = frozenset()
    is_offered: bool = False


_IN, _OUT = Direction.INBOUND, Direction.OUTBOUND
_PUSH, _PULL = Methodology.PUSH, Methodology.PULL
_SERVER = ("host", "port", "username", "secret", "host_key", "folder")
_FTP_SERVER = ("host", "port", "username", "secret", "folder")

WAYS: dict[tuple[Direction, Method, Methodology], Way] = {
    (_IN, Method.EMAIL, _PUSH): Way(("files", "return_email"), ("address",), frozenset({"return_email"})),
    (_IN, Method.SFTP, _PUSH): Way(
        ("files", "public_key"),
        ("host", "port", "host_key", "username", "password"),
        frozenset({"files", "public_key"}),
    ),
    (_IN, Method.FTP, _PUSH): Way(("files",), ("host", "port", "username", "password"), frozenset({"files"})),
    (_IN, Method.EMAIL, _PULL): Way(("host", "port", "username", "secret", "folder", "files"), ()),
    (_IN, Method.SFTP, _PULL): Way(
        (*_SERVER, "files", "every_minutes"), (), frozenset({"every_minutes"}), is_offered=True
    ),
    (_IN, Method.FTP, _PULL): Way((*_FTP_SERVER, "files", "every_minutes"), (), frozenset({"every_minutes"})),
    (_OUT, Method.SFTP, _PULL): Way(
        ("public_key",), ("host", "port", "host_key", "username", "password", "folder"), frozenset({"public_key"})
    ),
    (_OUT, Method.FTP, _PULL): Way((), ("host", "port", "username", "password", "folder")),
    (_OUT, Method.EMAIL, _PUSH): Way(("recipients", "subject"), ()),
    (_OUT, Method.SFTP, _PUSH): Way(_SERVER, ()),
    (_OUT, Method.FTP, _PUSH): Way(_FTP_SERVER, ()),
}
"""All eleven ways. Fetching our mail to a partner (outbound, e-mail, pull) does not exist."""

PEOPLE_TYPES = frozenset({DataType.AUDIENCES, DataType.IDENTITIES, DataType.CARD_LINKED_TRANSACTIONS})
"""Types whose target is profiles (ruling 12); the others' targets are not built yet."""


def directions() -> tuple[Direction, ...]:
    """Return the directions that can be chosen today."""
    return tuple(direction for direction in Direction if any(way[0] is direction for way in _offered()))


def data_types(direction: Direction) -> tuple[DataType, ...]:
    """Return the types that can be chosen: those whose target works (ruling 12)."""
    if direction not in directions():
        return ()
    return tuple(kind for kind in DataType if kind in PEOPLE_TYPES)


def methods(direction: Direction) -> tuple[Method, ...]:
    """Return the methods that can be chosen for a direction."""
    return tuple(method for method in Method if any(way[:2] == (direction, method) for way in _offered()))


def methodologies(direction: Direction, method: Method) -> tuple[Methodology, ...]:
    """Return who may start the transfer, for a direction and method."""
    return tuple(how for how in Methodology if (direction, method, how) in _offered())


def _offered() -> list[tuple[Direction, Method, Methodology]]:
    return [combination for combination, way in WAYS.items() if way.is_offered]
