"""A partner sees and makes its own connections, drafts and credentials, and nothing of others."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.actions import connections as actions
from engine.actions import credentials as credential_actions
from engine.actions import drafts, goals, questions
from engine.base.errors import BadInput, GiveUp, NotAllowed
from engine.flows.desk import Desk
from engine.views import connections as view
from engine.views import credentials as credentials_view
from engine.views import drafts as drafts_view
from engine.views import goals as goals_view
from engine.views import questions as questions_view
from engine.views.credentials import SignInKind
from storage.records.connections import DataType, Secrets
from storage.records.people import Caller, Role
from storage.tables import goals as goals_table
from tests.fakes.home import open_home
from tests.fakes.wizards import fill, make, sign_in, stored

ANA = Caller("Ana Vos", Role.ANALYST, "p1")
BRIGHT = Caller("Brightside", Role.PARTNER, "p2")
OTHER = Caller("Other shop", Role.PARTNER, "p3")
PUSH, PULL = ("inbound", "sftp", "push"), ("inbound", "sftp", "pull")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_home(tmp_path) as opened:
        yield opened


@pytest.mark.promise("A10")
@pytest.mark.promise("D05")
def test_a_partner_makes_a_connection_and_sees_that_one_alone(desk: Desk) -> None:
    # given
    make(desk, ANA, PUSH, "Ours")
    make(desk, OTHER, PUSH, "Theirs")
    # when
    mine = make(desk, BRIGHT, PUSH, "Mine")
    # then
    assert [line.connection.name for line in view.listed(desk, BRIGHT).lines] == ["Mine"]
    assert [line.credential.name for line in credentials_view.listed(desk, BRIGHT).lines] == ["Mine"]
    page = view.page(desk, BRIGHT, mine.connection_id)
    assert (page.may_edit, page.may_run, page.profiles_total) == (True, False, None)
    # and an analyst sees all
    assert len(view.listed(desk, ANA).lines) == 3
    assert len(credentials_view.listed(desk, ANA).lines) == 3


@pytest.mark.promise("W06")
def test_a_partner_is_offered_three_types_to_hand_in(desk: Desk) -> None:
    # when
    page = drafts_view.page(desk, BRIGHT, fill(desk, BRIGHT, PUSH), "Type")
    # then
    people = {DataType.AUDIENCES, DataType.IDENTITIES, DataType.CARD_LINKED_TRANSACTIONS}
    assert {facts.data_type for facts in page.data_types} == people == set(page.choices.data_types)


@pytest.mark.promise("D05")
@pytest.mark.parametrize("caller", [BRIGHT, OTHER])
def test_what_others_made_is_not_there_for_a_partner(desk: Desk, caller: Caller) -> None:
    # given
    made = make(desk, ANA, PUSH, "Ours")
    of_ana, credential_id = made.connection_id, made.credential_id or ""
    draft_id = fill(desk, caller, PUSH, "Mine")
    question = questions.ask_host_key(desk, ANA, fill(desk, ANA, PULL))
    attempts: list[Callable[[], object]] = [
        lambda: view.page(desk, caller, of_ana),
        lambda: actions.set_on(desk, caller, of_ana, is_on=False),
        lambda: actions.set_schedule(desk, caller, of_ana, 5),
        lambda: actions.delete(desk, caller, of_ana),
        lambda: drafts.begin_edit(desk, caller, of_ana),
        lambda: credentials_view.page(desk, caller, credential_id),
        lambda: credential_actions.save(desk, caller, credential_id, name="x"),
        lambda: credential_actions.replace_secret(desk, caller, credential_id, SignInKind.PASSWORD),
        lambda: credential_actions.delete(desk, caller, credential_id),
        lambda: questions_view.state(desk, caller, question),
    ]
    for attempt in attempts:
        # then
        with pytest.raises(GiveUp, match="not there any more"):
            attempt()
    with pytest.raises(BadInput, match="do not fit"):
        drafts.use_existing(desk, caller, draft_id, credential_id)
    assert stored(desk, of_ana) == made


@pytest.mark.promise("D05")
def test_a_partner_neither_maps_columns_nor_applies_files(desk: Desk) -> None:
    # given
    mine = make(desk, BRIGHT, PUSH, "Mine")
    with desk.database.read() as cursor:
        [goal] = goals_table.of_connection(cursor, mine.connection_id)
    # then
    with pytest.raises(NotAllowed):
        goals_view.page(desk, BRIGHT, goal.goal_id)
    with pytest.raises(NotAllowed):
        goals.save(desk, BRIGHT, goal, 1)


def test_a_connection_stays_its_makers_when_somebody_else_edits_it(desk: Desk) -> None:
    # given
    mine = make(desk, BRIGHT, PULL, "Mine")
    edit = drafts.begin_edit(desk, ANA, mine.connection_id)
    # when
    drafts.set_secret(desk, ANA, edit, Secrets(password="another"))
    drafts.create(desk, ANA, edit)
    # then
    assert stored(desk, mine.connection_id).owner_id == "p2"
    assert [line.credential.owner_id for line in credentials_view.listed(desk, BRIGHT).lines] == ["p2"]


def test_an_edited_connection_cannot_be_swapped_for_that_of_another(desk: Desk) -> None:
    # given: a draft of the partner's own connection, which somebody took away from it meanwhile
    mine = make(desk, BRIGHT, PUSH, "Mine")
    edit = drafts.begin_edit(desk, BRIGHT, mine.connection_id)
    with desk.database.write("ctl") as cursor:
        cursor.execute("UPDATE ctl.connection SET owner_id = 'p1'")
    # then
    with pytest.raises(GiveUp, match="not there any more"):
        drafts.create(desk, BRIGHT, edit)


def test_a_partner_sees_its_own_questions(desk: Desk) -> None:
    draft_id = fill(desk, BRIGHT, PULL)
    sign_in(desk, BRIGHT, draft_id, PULL)
    asked = questions.ask_test(desk, BRIGHT, draft_id)
    assert questions_view.state(desk, BRIGHT, asked).job_id == asked
    questions.cancel(desk, BRIGHT, asked)
    assert questions_view.state(desk, BRIGHT, asked).cancel_wanted
