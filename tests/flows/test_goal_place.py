"""Which folder and which pattern a goal can have, by the way of its connection."""

import pytest

from engine.connections import matrix
from engine.flows import goal_place
from storage.records.connections import Direction, Method, Methodology
from storage.records.goals import PatternKind

IN, PULL, PUSH = Direction.INBOUND, Methodology.PULL, Methodology.PUSH
SFTP_PULL, MAIL_PULL = (IN, Method.SFTP, PULL), (IN, Method.EMAIL, PULL)
SFTP_PUSH, MAIL_PUSH = (IN, Method.SFTP, PUSH), (IN, Method.EMAIL, PUSH)
WILDCARD, REGEX = PatternKind.WILDCARD, PatternKind.REGEX


@pytest.mark.parametrize(
    ("way", "folder", "files", "kind", "sentence"),
    [
        (SFTP_PULL, "/out", "*.csv", WILDCARD, None),
        (SFTP_PULL, "out", "*.csv", WILDCARD, "The folder must begin with /, without '..'."),
        (SFTP_PULL, "/out/../etc", "*.csv", WILDCARD, "The folder must begin with /, without '..'."),
        (SFTP_PULL, "/out", " ", WILDCARD, "Give a pattern or an exact name, e.g. purchases_*.csv."),
        (SFTP_PULL, "/out", "in/*.csv", WILDCARD, "A pattern names files, not folders"),
        (SFTP_PULL, "/out", "(", REGEX, "The regular expression cannot be read"),
        (MAIL_PULL, "INBOX", "*.csv", WILDCARD, None),
        (MAIL_PULL, "", "*.csv", WILDCARD, "Give the mailbox folder, mostly INBOX."),
        (MAIL_PULL, "INBOX", "", WILDCARD, "E-mail needs a pattern, e.g. audiences_*.csv."),
        (MAIL_PUSH, "/", "", WILDCARD, "E-mail needs a pattern, e.g. audiences_*.csv."),
        (SFTP_PUSH, "/", "", WILDCARD, None),
    ],
)
def test_a_goal_is_judged_by_its_way(
    way: goal_place.Way, folder: str, files: str, kind: PatternKind, sentence: str | None
) -> None:
    # when
    found = goal_place.problem(way, folder, files, kind)
    # then
    assert way in matrix.WAYS
    assert (found or "").startswith(sentence or "")
    assert (found is None) is (sentence is None)
