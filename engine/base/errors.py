"""One tree of errors, named by what happens next; each carries a sentence for people and a chart category."""

from enum import StrEnum


class Category(StrEnum):
    """What kind of failure it is, stable words for charts, filters and JSON."""

    CREDENTIALS = "credentials"
    HOST_KEY = "host_key"
    SERVER_TOO_OLD = "server_too_old"
    FOLDER = "folder"
    NETWORK = "network"
    TIMEOUT = "timeout"
    FORMAT = "format"
    LIMIT = "limit"
    LEDGER = "ledger"
    STORAGE = "storage"
    CANCELLED = "cancelled"
    NOT_ALLOWED = "not_allowed"
    INPUT = "input"
    OTHER = "other"


class HandoffError(Exception):
    """Base of all expected failures. str(error) is one sentence that says what, to what, and what next."""

    category: Category = Category.OTHER

    def __init__(self, sentence: str, category: Category | None = None) -> None:
        """Keep the sentence; category overrides the class's own."""
        super().__init__(sentence)
        if category is not None:
            self.category = category


class TryAgain(HandoffError):
    """A passing fault: the same call may go through later."""

    category = Category.NETWORK


class Unconfirmed(TryAgain):
    """It may have been done all the same; where doing it twice is not harmless, it is not done again by itself."""

    category = Category.TIMEOUT


class MendCredentials(HandoffError):
    """A person has to mend what we sign in with, or confirm whom we talk to."""

    category = Category.CREDENTIALS


class MendData(HandoffError):
    """The file or its mapping has to be mended."""

    category = Category.FORMAT


class GiveUp(HandoffError):
    """Doing it again changes nothing; a person has to look."""


class NotAllowed(GiveUp):
    """The caller's role may not do this."""

    category = Category.NOT_ALLOWED


class BadInput(HandoffError):
    """What a person entered cannot be used; field names the entry, where there is one."""

    category = Category.INPUT

    def __init__(self, sentence: str, field: str | None = None) -> None:
        """Keep the sentence and the field it belongs to."""
        super().__init__(sentence)
        self.field = field


class Cancelled(HandoffError):
    """A person cancelled the work; nothing was changed."""

    category = Category.CANCELLED


class ServiceStopping(TryAgain):
    """The service is being stopped; the work is taken up again by the next start."""


class OutOfSpace(TryAgain):
    """The disk is full or a quota is met; nothing was changed."""

    category = Category.STORAGE


_KINDS = (
    TryAgain,
    Unconfirmed,
    MendCredentials,
    MendData,
    GiveUp,
    NotAllowed,
    BadInput,
    Cancelled,
    OutOfSpace,
    HandoffError,
)
BY_NAME: dict[str, type[HandoffError]] = {kind.__name__: kind for kind in _KINDS}


def from_json(values: dict[str, str]) -> HandoffError:
    """Rebuild an error that another process reported as {"kind", "sentence", "category"}."""
    error = BY_NAME.get(values["kind"], GiveUp)(values["sentence"])
    error.category = Category(values["category"])
    return error


def to_json(error: HandoffError) -> dict[str, str]:
    """Say an error so that from_json in another process rebuilds it."""
    known = next(kind.__name__ for kind in type(error).__mro__ if kind.__name__ in BY_NAME)
    return {"kind": known, "sentence": str(error), "category": error.category.value}
