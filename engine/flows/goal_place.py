"""Says where a goal may find its files, which it may take, and how many goals there may be; all depends on the way."""

from engine.connections import fields, matrix
from engine.transfer import patterns
from storage.records.connections import Connection, Direction, Method, Methodology
from storage.records.goals import PatternKind

Way = tuple[Direction, Method, Methodology]


def problem(way: Way, folder: str, files: str, kind: PatternKind) -> str | None:
    """Return what is wrong, one sentence, or None.

    Where partners push to us the folder is ours and every file may be meant; mail always wants a pattern.
    """
    found = matrix.WAYS[way]
    if "folder" in found.place:
        is_mail = way[1] is Method.EMAIL
        wrong = fields.mailbox_problem(folder) if is_mail else fields.folder_problem(folder)
        if wrong:
            return wrong
    if not files.strip():
        if way[1] is Method.EMAIL:
            return "E-mail needs a pattern, e.g. audiences_*.csv."
        return None if "files" in found.optional else fields.files_problem(files)
    return patterns.problem(files, kind)


def no_more(connection: Connection, present: int) -> str | None:
    """Return why a connection that has this many import goals gets no other one, one sentence, or None."""
    if connection.direction is Direction.OUTBOUND:
        return f"{connection.name} sends files out; import goals belong to connections that take files in."
    if connection.method is Method.EMAIL and present:
        return "E-mails are taken whole or not at all, so one goal reads them; make another connection for other files."
    return None
