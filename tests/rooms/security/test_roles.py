"""The table of roles and rights, written out once more by hand."""

import pytest

from engine.base.errors import NotAllowed
from engine.security import roles
from engine.security.roles import Right
from storage.records.people import Caller, Role

TABLE = """
right             admin analyst manager support partner
SEE_CONNECTIONS   yes   yes     no      yes     yes
EDIT_CONNECTIONS  yes   yes     no      no      yes
SEE_CREDENTIALS   yes   yes     no      no      yes
SEE_MAPPINGS      yes   yes     no      yes     no
EDIT_MAPPINGS     yes   yes     no      no      no
SEE_RUNS          yes   yes     yes     yes     no
RUN               yes   yes     no      no      no
CANCEL            yes   yes     no      yes     no
SEE_REJECTS       yes   yes     yes     yes     no
SEE_PROFILES      yes   yes     no      yes     no
SEE_RAW_VALUES    yes   yes     no      no      no
SEE_AUDIENCES     yes   yes     yes     no      no
EDIT_AUDIENCES    yes   yes     no      no      no
SEE_CONNECTORS    yes   yes     yes     yes     no
EDIT_CONNECTORS   yes   yes     no      no      no
SWITCH_CONNECTORS yes   yes     yes     no      no
SEE_STATISTICS    yes   yes     yes     yes     no
SEE_FAILURES      yes   yes     no      yes     no
REPLAY            yes   yes     no      yes     no
MANAGE_PEOPLE     yes   no      no      no      no
SEE_FILES         yes   yes     no      yes     yes
GET_FILES         yes   yes     no      no      yes
SEND_FILES        yes   yes     no      no      no
SEE_STATUS        yes   yes     yes     yes     no
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
    assert str(refusal.value) == "A manager may not change connections; ask an admin for another role."


def test_a_caller_with_the_right_passes() -> None:
    roles.check(Caller("Ana", Role.ADMIN), Right.MANAGE_PEOPLE)
