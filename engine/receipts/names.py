"""The names of answers: told by their prefixes, so that none is ever read as a file that came; pure."""

import hashlib
import re

from engine.base import limits
from storage.records.exchange import ERRORS_ENDING, RECEIPT_PREFIX, RESULT_PREFIX, AnswerKind

_UNFIT = re.compile(r"[\x00-\x1f\x7f/\\]")
_FORMS = {
    AnswerKind.RECEIPT: (RECEIPT_PREFIX, ".txt"),
    AnswerKind.RESULT: (RESULT_PREFIX, ".json"),
    AnswerKind.ERRORS: (RESULT_PREFIX, ERRORS_ENDING),
}


def name(kind: AnswerKind, file_name: str) -> str:
    """Return the name of a file's answer, as "receipt_<name>.txt"; one that no file system could hold is shortened."""
    prefix, ending = _FORMS[kind]
    plain = _UNFIT.sub("_", file_name)
    most = limits.ANSWER_NAME_BYTES_MAX - len(prefix) - len(ending)
    if len(plain.encode("utf-8", "surrogateescape")) > most:
        # Two long names that differ at their ends alone stay two names.
        mark = "~" + hashlib.sha256(file_name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
        head = plain.encode("utf-8", "surrogateescape")[: most - len(mark)]
        plain = head.decode("utf-8", "ignore") + mark
    return f"{prefix}{plain}{ending}"
