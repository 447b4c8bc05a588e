"""Drafts and connections of all eleven ways, filled in as a person would, without a browser and without a server."""

from dataclasses import dataclass, field

from engine.actions import drafts
from engine.flows.desk import Desk
from storage.records.connections import Direction, Method, Methodology, Secrets
from storage.records.people import Caller

FINGERPRINT = "SHA256:" + "a" * 43
_PLACE: dict[str, object] = {"host": "files.brightside.example", "folder": "/outgoing", "files": "members_*.csv"}
_TO_SERVER: dict[str, object] = {"host": "files.brightside.example", "folder": "/incoming"}


@dataclass(frozen=True)
class Way:
    """One way. place: answers of step 3; fields: the names of widgets that step 3 shows beside the way itself.

    signs_in: what step 4 shows. uri: how the address on the last page begins.
    """

    direction: Direction
    method: Method
    methodology: Methodology
    place: dict[str, object] = field(hash=False)
    fields: frozenset[str]
    signs_in: frozenset[str]
    uri: str

    def __str__(self) -> str:
        """Return its words, for the names of tests."""
        return f"{self.direction}-{self.method}-{self.methodology}"


_IN, _OUT, _PUSH, _PULL = Direction.INBOUND, Direction.OUTBOUND, Methodology.PUSH, Methodology.PULL
_FILES = frozenset({"files", "files_kind"})
_SERVER = frozenset({"host", "port", "folder", "every_minutes"})
_ENTERED = frozenset({"credential_name", "username", "use_password"})
_MADE = frozenset({"credential_name", "provision"})
_MAIL: dict[str, object] = {"files": "members_*.csv"}
WAYS = (
    Way(_IN, Method.EMAIL, _PUSH, _MAIL, _FILES | {"allowed_senders"}, _MADE | {"return_email"}, "mailto:in-"),
    Way(_IN, Method.SFTP, _PUSH, {}, _FILES | {"result_folder"}, _MADE | {"credential_kind"}, "sftp://"),
    Way(_IN, Method.FTP, _PUSH, {}, _FILES | {"result_folder"}, _MADE, "ftps://"),
    Way(
        _IN,
        Method.EMAIL,
        _PULL,
        {**_PLACE, "folder": "Partners"},
        _FILES | _SERVER | {"delete_after_pull"},
        _ENTERED | {"return_email"},
        "imaps://brightside@",
    ),
    Way(
        _IN,
        Method.SFTP,
        _PULL,
        _PLACE,
        _FILES | _SERVER | {"delete_after_pull", "result_folder"},
        _ENTERED | {"credential_kind"},
        "sftp://brightside@",
    ),
    Way(
        _IN,
        Method.FTP,
        _PULL,
        _PLACE,
        _FILES | _SERVER | {"delete_after_pull", "result_folder", "plain_ftp"},
        _ENTERED,
        "ftps://brightside@",
    ),
    Way(_OUT, Method.SFTP, _PULL, {}, frozenset(), _MADE | {"credential_kind"}, "sftp://"),
    Way(_OUT, Method.FTP, _PULL, {}, frozenset(), _MADE, "ftps://"),
    Way(
        _OUT,
        Method.EMAIL,
        _PUSH,
        {"recipients": ["data@brightside.example"], "subject": "Members"},
        frozenset({"recipients", "subject", "every_minutes"}),
        frozenset(),
        "mailto:data@brightside.example",
    ),
    Way(_OUT, Method.SFTP, _PUSH, _TO_SERVER, _SERVER, _ENTERED | {"credential_kind"}, "sftp://brightside@"),
    Way(_OUT, Method.FTP, _PUSH, _TO_SERVER, _SERVER | {"plain_ftp"}, _ENTERED, "ftps://brightside@"),
)


def of(direction: Direction, method: Method, methodology: Methodology) -> Way:
    """Return one of them."""
    (found,) = [way for way in WAYS if (way.direction, way.method, way.methodology) == (direction, method, methodology)]
    return found


HOSTED_SFTP = of(_IN, Method.SFTP, _PUSH)


def begin(desk: Desk, caller: Caller, way: Way, name: str = "Brightside members") -> str:
    """Begin a draft and answer steps 1 and 2 and the choice of the way; return its id."""
    draft_id = drafts.begin(desk, caller)
    drafts.save(desk, caller, draft_id, {"name": name, "direction": way.direction.value})
    drafts.save(desk, caller, draft_id, {"data_type": "audiences", "method": way.method.value})
    drafts.save(desk, caller, draft_id, {"methodology": way.methodology.value})
    return draft_id


def place(desk: Desk, caller: Caller, way: Way, name: str = "Brightside members") -> str:
    """Begin a draft and answer step 3 too."""
    draft_id = begin(desk, caller, way, name)
    drafts.save(desk, caller, draft_id, dict(way.place))
    return draft_id


def complete(desk: Desk, caller: Caller, way: Way, name: str = "Brightside members") -> str:
    """Answer everything: only Create is missing."""
    draft_id = place(desk, caller, way, name)
    if "provision" in way.signs_in:
        drafts.provision(desk, caller, draft_id)
    elif "username" in way.signs_in:
        answers = {"username": "brightside", "host_key": FINGERPRINT if way.method is Method.SFTP else ""}
        drafts.save(desk, caller, draft_id, answers)
        drafts.set_secret(desk, caller, draft_id, Secrets(password="not used here"))
    return draft_id


def make(desk: Desk, caller: Caller, way: Way, name: str = "Brightside members") -> str:
    """Make the connection and return its id."""
    return drafts.create(desk, caller, complete(desk, caller, way, name))
