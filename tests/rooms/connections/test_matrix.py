"""The eleven ways of ruling 20 and the table of data types: what each needs, who gives it, what is offered to whom."""

import pytest

from engine.connections import data_types, matrix, wizard
from engine.connections.data_types import Target
from engine.connections.wizard import Known, Step
from storage.records.connections import DataType, Direction, Method, Methodology
from storage.records.people import Role

NOT_DETAILS = {"files_kind", "credential_name", "credential_kind", "provisioned"}
"""Fields that say how, not what: no detail of ruling 20."""
SERVER = "host port username secret host_key folder"
FTP_SERVER = "host port username secret folder"
PULLED = "every_minutes delete_after_pull"
WAYS = {
    # way: (a person must give, a person may give, Handoff provides)
    ("inbound", "email", "push"): ("files", "return_email allowed_senders", "address"),
    ("inbound", "sftp", "push"): ("", "files public_key result_folder", "host port host_key username password"),
    ("inbound", "ftp", "push"): ("", "files result_folder", "host port username password"),
    ("inbound", "email", "pull"): ("host port username secret folder files", f"{PULLED} return_email host_key", ""),
    ("inbound", "sftp", "pull"): (f"{SERVER} files", f"{PULLED} result_folder", ""),
    ("inbound", "ftp", "pull"): (f"{FTP_SERVER} files", f"{PULLED} result_folder plain_ftp host_key", ""),
    ("outbound", "sftp", "pull"): ("", "public_key", "host port host_key username password folder"),
    ("outbound", "ftp", "pull"): ("", "", "host port username password folder"),
    ("outbound", "email", "push"): ("recipients subject", "every_minutes", ""),
    ("outbound", "sftp", "push"): (SERVER, "every_minutes", ""),
    ("outbound", "ftp", "push"): (FTP_SERVER, "every_minutes plain_ftp host_key", ""),
}


@pytest.mark.promise("A04")
@pytest.mark.parametrize("way", [(d, m, h) for d in Direction for m in Method for h in Methodology])
def test_each_way_needs_its_own_details_and_says_who_gives_them(way: tuple[Direction, Method, Methodology]) -> None:
    # given
    expected = WAYS.get((way[0].value, way[1].value, way[2].value))
    # when
    found = matrix.WAYS.get(way)
    # then
    if expected is None:
        assert way == (Direction.OUTBOUND, Method.EMAIL, Methodology.PULL)
        assert found is None
        return
    assert found is not None
    required, optional, provided = (set(words.split()) for words in expected)
    assert set(found.given) - found.optional - NOT_DETAILS == required
    assert found.optional - NOT_DETAILS == optional
    assert set(found.provided) == provided


@pytest.mark.promise("A04")
@pytest.mark.promise("W08")
@pytest.mark.promise("W09")
def test_all_eleven_ways_are_offered_and_never_the_impossible_one() -> None:
    assert matrix.directions() == (Direction.INBOUND, Direction.OUTBOUND)
    for direction in Direction:
        assert set(matrix.methods(direction)) == set(Method)
    assert set(matrix.methodologies(Direction.INBOUND, Method.SFTP)) == {Methodology.PUSH, Methodology.PULL}
    assert set(matrix.methodologies(Direction.OUTBOUND, Method.FTP)) == {Methodology.PUSH, Methodology.PULL}
    assert matrix.methodologies(Direction.OUTBOUND, Method.EMAIL) == (Methodology.PUSH,)
    assert len(matrix.WAYS) == 11


@pytest.mark.promise("W22")
@pytest.mark.parametrize("way", list(matrix.WAYS))
def test_the_page_asks_for_what_the_way_needs_and_for_nothing_that_is_provided(
    way: tuple[Direction, Method, Methodology],
) -> None:
    # given
    answers = wizard.begin() | {
        "direction": way[0].value,
        "method": way[1].value,
        "methodology": way[2].value,
        "credential_kind": "public_key" if way[1] is Method.SFTP and matrix.is_hosted(way[0], way[2]) else "password",
    }
    # when
    asked = {*wizard.shown(answers, Step.METHOD), *wizard.shown(answers, Step.CREDENTIALS)}
    # then
    found = matrix.WAYS[way]
    assert set(found.given) <= asked
    assert not asked & set(found.provided)


@pytest.mark.promise("W05")
@pytest.mark.parametrize("kind", list(DataType))
def test_each_type_says_its_target_its_columns_and_its_keys(kind: DataType) -> None:
    facts = data_types.TABLE[kind]
    assert facts.label
    assert facts.required
    assert set(facts.keys) <= set(facts.required)
    assert facts.directions


@pytest.mark.promise("W05")
def test_a_type_is_offered_by_direction_and_only_where_its_target_works() -> None:
    # given: ruling 12
    people = {DataType.AUDIENCES, DataType.IDENTITIES, DataType.CARD_LINKED_TRANSACTIONS}
    assert {kind for kind, facts in data_types.TABLE.items() if facts.target is Target.PEOPLE} == people
    actions = {DataType.CONVERSIONS, DataType.CLICKS, DataType.ACTION_MODIFICATIONS}
    # then
    assert set(data_types.offered(Direction.INBOUND)) == people | actions
    assert {facts.data_type for facts in data_types.of_direction(Direction.INBOUND)} == set(DataType)
    out = {facts.data_type for facts in data_types.of_direction(Direction.OUTBOUND)}
    assert out == set(DataType) - {DataType.ACTION_MODIFICATIONS}


@pytest.mark.promise("W06")
def test_a_partner_hands_in_three_types_only() -> None:
    # given
    people = {DataType.AUDIENCES, DataType.IDENTITIES, DataType.CARD_LINKED_TRANSACTIONS}
    # then
    assert {facts.data_type for facts in data_types.of_direction(Direction.INBOUND, Role.PARTNER)} == people
    assert set(data_types.offered(Direction.INBOUND, Role.PARTNER)) == people
    answers = {"direction": "inbound", "data_type": "conversions"}
    assert wizard.problems(answers, Step.TYPE, Known(role=Role.PARTNER)) == {"data_type": "Choose the type of data."}


@pytest.mark.promise("W04")
def test_only_what_comes_in_has_a_goal() -> None:
    assert wizard.has_goal({"direction": "inbound"})
    assert not wizard.has_goal({"direction": "outbound"})
