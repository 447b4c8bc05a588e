"""Every action and view that takes a caller refuses the roles that may not, and the refusal is audited."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import engine.actions
import engine.views
from engine.base.errors import NotAllowed
from engine.flows.desk import Desk
from engine.security.roles import Right, may
from storage.records.people import Caller, Role
from storage.tables import audit as audit_table
from tests.fakes.home import open_home

EDIT, SEE = Right.EDIT_CONNECTIONS, Right.SEE_CONNECTIONS
NEEDED = {
    "actions.apply.apply": EDIT,
    "actions.audiences.delete": Right.EDIT_AUDIENCES,
    "actions.audiences.link": Right.EDIT_AUDIENCES,
    "actions.audiences.save": Right.EDIT_AUDIENCES,
    "actions.audiences.unlink": Right.EDIT_AUDIENCES,
    "actions.configurations.activate": Right.SWITCH_CONNECTORS,
    "actions.configurations.ask_test": Right.EDIT_CONNECTORS,
    "actions.configurations.deactivate": Right.SWITCH_CONNECTORS,
    "actions.configurations.delete": Right.EDIT_CONNECTORS,
    "actions.configurations.save": Right.EDIT_CONNECTORS,
    "actions.connections.delete": EDIT,
    "actions.connections.save_from_wizard": EDIT,
    "actions.connections.set_on": EDIT,
    "actions.connections.set_schedule": EDIT,
    "actions.credentials.create": EDIT,
    "actions.credentials.delete": EDIT,
    "actions.credentials.replace_secret": EDIT,
    "actions.credentials.save": EDIT,
    "actions.drafts.begin": EDIT,
    "actions.drafts.begin_edit": EDIT,
    "actions.drafts.create": EDIT,
    "actions.drafts.discard": EDIT,
    "actions.drafts.provision": EDIT,
    "actions.drafts.save": EDIT,
    "actions.drafts.set_secret": EDIT,
    "actions.drafts.use_existing": EDIT,
    "actions.dry_runs.ask": Right.EDIT_MAPPINGS,
    "actions.dry_runs.cancel": Right.EDIT_MAPPINGS,
    "actions.files.hand_in_mended": Right.SEND_FILES,
    "actions.files.hand_over": Right.SEND_FILES,
    "actions.files.import_again": Right.RUN,
    "actions.files.original": Right.GET_FILES,
    "actions.goals.add_goal": Right.EDIT_MAPPINGS,
    "actions.goals.remove_goal": Right.EDIT_MAPPINGS,
    "actions.goals.save": Right.EDIT_MAPPINGS,
    "actions.goals.switch_goal": Right.EDIT_MAPPINGS,
    "actions.people.change_role": Right.MANAGE_PEOPLE,
    "actions.people.deactivate": Right.MANAGE_PEOPLE,
    "actions.people.end_sessions": Right.MANAGE_PEOPLE,
    "actions.people.invite": Right.MANAGE_PEOPLE,
    "actions.people.reset": Right.MANAGE_PEOPLE,
    "actions.people.withdraw": Right.MANAGE_PEOPLE,
    "actions.questions.ask_host_key": EDIT,
    "actions.questions.ask_listing": EDIT,
    "actions.questions.ask_scan": Right.EDIT_MAPPINGS,
    "actions.questions.ask_test": EDIT,
    "actions.questions.cancel": EDIT,
    "actions.replays.replay": Right.REPLAY,
    "actions.runs.cancel": Right.CANCEL,
    "actions.runs.import_anyway": Right.EDIT_MAPPINGS,
    "actions.runs.revert": Right.EDIT_MAPPINGS,
    "actions.runs.run_now": Right.RUN,
    "views.actions.listed": Right.SEE_PROFILES,
    "views.actions.of_profile": Right.SEE_PROFILES,
    "views.actions.page": Right.SEE_PROFILES,
    "views.audiences.going": Right.SEE_AUDIENCES,
    "views.audiences.linkable": Right.EDIT_AUDIENCES,
    "views.audiences.listed": Right.SEE_AUDIENCES,
    "views.audiences.page": Right.SEE_AUDIENCES,
    "views.audiences.preview": Right.EDIT_AUDIENCES,
    "views.connections.listed": SEE,
    "views.connections.page": SEE,
    "views.connectors.catalog": Right.SEE_CONNECTORS,
    "views.connectors.listed": Right.SEE_CONNECTORS,
    "views.connectors.new_page": Right.EDIT_CONNECTORS,
    "views.connectors.page": Right.SEE_CONNECTORS,
    "views.connectors.test_state": Right.EDIT_CONNECTORS,
    "views.credentials.listed": Right.SEE_CREDENTIALS,
    "views.credentials.page": Right.SEE_CREDENTIALS,
    "views.drafts.page": EDIT,
    "views.dry_runs.of_goal": Right.SEE_MAPPINGS,
    "views.export.document": SEE,
    "views.failures.drawer": Right.SEE_FAILURES,
    "views.failures.listed": Right.SEE_FAILURES,
    "views.failures.profiles": Right.SEE_FAILURES,
    "views.failures.progress": Right.SEE_FAILURES,
    "views.files.answer_path": Right.GET_FILES,
    "views.files.listed": Right.SEE_FILES,
    "views.files.of_run": Right.SEE_FILES,
    "views.files.page": Right.SEE_FILES,
    "views.files.rejected": Right.SEE_REJECTS,
    "views.goal_samples.dates": Right.EDIT_MAPPINGS,
    "views.goal_samples.preview": Right.EDIT_MAPPINGS,
    "views.goal_versions.listed": Right.SEE_MAPPINGS,
    "views.goals.page": Right.SEE_MAPPINGS,
    "views.lineage.of_profile": Right.SEE_PROFILES,
    "views.people.page": Right.MANAGE_PEOPLE,
    "views.profiles.count": Right.SEE_PROFILES,
    "views.profiles.find": Right.SEE_PROFILES,
    "views.profiles.identifiers": Right.SEE_PROFILES,
    "views.profiles.page": Right.SEE_PROFILES,
    "views.questions.state": SEE,
    "views.runs.hindrances": Right.EDIT_MAPPINGS,
    "views.runs.listed": Right.SEE_RUNS,
    "views.runs.page": Right.SEE_RUNS,
    "views.runs.rejected": Right.SEE_REJECTS,
    "views.statistics.has_connectors": Right.SEE_STATISTICS,
    "views.statistics.moment": Right.SEE_STATISTICS,
    "views.statistics.page": Right.SEE_STATISTICS,
    "views.status.page": Right.SEE_STATUS,
    "views.told.audience_sizes": Right.SEE_AUDIENCES,
    "views.told.messages": Right.SEE_STATISTICS,
}
REFUSED = [(name, role) for name, right in NEEDED.items() for role in Role if not may(role, right)]


def callable_by_pages() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the public functions of all actions and views that take a desk and a caller first."""
    for package in (engine.actions, engine.views):
        for module_info in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{module_info.name}")
            for name, function in inspect.getmembers(module, inspect.isfunction):
                first_two = list(inspect.signature(function).parameters)[:2]
                if (
                    function.__module__ == module.__name__
                    and not name.startswith("_")
                    and first_two == ["desk", "caller"]
                ):
                    yield f"{module.__name__.removeprefix('engine.')}.{name}", function


FUNCTIONS = dict(callable_by_pages())


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder: Path = tmp_path_factory.mktemp("home")
    with open_home(folder) as opened:
        yield opened


class Thing(str):
    """Stands for any argument: an id, or a record that has a goal_id and a name."""

    __slots__ = ()
    goal_id = "g"
    name = "n"


def call(function: Callable[..., Any], desk: Desk, caller: Caller) -> None:
    """Call with made-up arguments: the right is asked before any of them is looked at."""
    parameters = list(inspect.signature(function).parameters.values())[2:]
    thing = Thing("anything")
    positional = [thing for parameter in parameters if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]
    named = {parameter.name: thing for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY}
    function(desk, caller, *positional, **named)


def test_every_action_and_view_with_a_caller_is_in_the_table() -> None:
    assert set(FUNCTIONS) == set(NEEDED)


@pytest.mark.fault(125)
@pytest.mark.promise("D05")
@pytest.mark.promise("Z18")
@pytest.mark.parametrize(("name", "role"), REFUSED)
def test_a_role_without_the_right_is_refused_and_audited(desk: Desk, name: str, role: Role) -> None:
    # given
    caller = Caller(f"{role.value} of the test", role, "p1")
    # when
    with pytest.raises(NotAllowed):
        call(FUNCTIONS[name], desk, caller)
    # then
    with desk.database.read() as cursor:
        last = list(audit_table.all_entries(cursor))[-1]
    assert (last.did, last.who) == ("was refused", caller.name)
