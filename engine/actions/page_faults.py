"""Notes in the log that a page failed: where and by what kind of error, never the values it was about."""

from engine.base import ids, log


def note(error: BaseException) -> str:
    """Write the error's kind and place; return the mark that joins the sentence on the page with the log."""
    mark = ids.trace()
    log.logger(__name__).error("page failed [%s] %s", mark, log.where(error))
    return mark
