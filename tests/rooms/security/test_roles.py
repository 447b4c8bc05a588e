"""The table of roles and rights, written out once more by hand."""

import pytest

from engine.base.errors import NotAllowed
from engine.security import roles
from engine.security.roles import Right
from storage.records.people import Caller, Role

TABLE = """
right             admin analyst manager support
SEE_CONNECTIONS   yes   yes     no      yes
EDIT_CONNECTIONS  yes   yes     no      no
SEE_RUNS          yes   yes     yes     yes
RUN               yes   yes     no      no
CANCEL            yes   yes     no      yes
SEE_REJECTS       yes   yes     yes     yes
SEE_PROFILES      yes   yes     no      yes
SEE_RAW_VALUES    yes   yes     no      no
SEE_AUDIENCES     yes   yes     yes     no
EDIT_AUDIENCES    yes   yes     no      no
SEE_CONNECTORS    yes   yes     yes     yes
EDIT_CONNECTORS   yes   yes     no      no
SWITCH_CONNECTORS yes   yes     yes     no
SEE_STATISTICS    yes   yes     yes     yes
SEE_FAILURES      yes   yes     no      yes
REPLAY            yes   yes     no      yes
MANAGE_PEOPLE     yes   no      no      no
"""
_LINES = [line.split() for line in TABLE.strip().splitlines()]
_CELLS = [
    (Role(role), Right[line[0]], answer == "yes")
    for line in _LINES[1:]
    for role, answer in zip(_LINES[0][1:], line[1:], strict=True)
]


@pytest.mark.promise("D05")
@pytest.mark.parametrize(("role", "right", "expected"), _CELLS)
def test_each_role_has_the_rights_of_the_table_and_no_other(role: Role, right: Right, expected: bool) -> None:  # noqa: FBT001 - a cell
    assert roles.may(role, right) is expected


def test_the_table_names_every_role_and_every_right() -> None:
    assert {(role, right) for role, right, _ in _CELLS} == {(role, right) for role in Role for right in Right}


@pytest.mark.promise("D05")
def test_a_refusal_is_one_sentence_that_names_role_and_right() -> None:
    # given
    manager = Caller("Mia", Role.MANAGER)
    # when
    with pytest.raises(NotAllowed) as refusal:
        roles.check(manager, Right.EDIT_CONNECTIONS)
    # then
    assert str(refusal.value) == "A manager may not change connections and mappings; ask an admin for another role."


def test_a_caller_with_the_right_passes() -> None:
    roles.check(Caller("Ana", Role.ADMIN), Right.MANAGE_PEOPLE)
