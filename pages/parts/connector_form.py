"""The form of a configuration, drawn from its partner's manifest; Test and Save; problems stand under their field."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from engine.actions import configurations as actions
from engine.actions import questions
from engine.base.errors import HandoffError
from engine.views import connectors as view
from engine.views.callers import Desk
from engine.views.connectors import ConnectorPage
from pages.parts import frame, session, words
from pages.parts.plain import plain
from storage.records.partners import SettingField
from storage.records.people import Caller
from storage.records.runs import Job, JobState

_PROBLEMS, _TEST, _VERSION = "connector_problems", "connector_test", "connector_version"
_PRECONDITIONS = "preconditions"
_POLL_S = 1.0
_GOING = (JobState.QUEUED, JobState.RUNNING)


def draw(page: ConnectorPage) -> None:
    """Draw the form and what its last test said; read only for those who may not change it."""
    if page.may_edit:
        with st.form(f"connector_form_{_identity(page)}", border=True, enter_to_submit=False):
            _draw_fields(page)
            _draw_buttons(page)
        _draw_test(page)
    else:
        with st.container(border=True):
            _draw_fields(page)


def key(page: ConnectorPage, field: str) -> str:
    """Return the key of a field's widget; it changes with each save, so that what was saved is shown."""
    return f"connector_{_identity(page)}_{st.session_state.get(_VERSION, 0)}_{field}"


def wanted(page: ConnectorPage) -> actions.Wanted:
    """Return what the form holds."""
    settings = {item.name: str(st.session_state.get(key(page, item.name)) or "") for item in page.partner.fields}
    return actions.Wanted(str(st.session_state.get(key(page, "name")) or ""), page.partner.partner, settings)


def secret_hint(field: SettingField, page: ConnectorPage) -> str:
    """Return what an empty secret field says: "set on 3 Nov, type to replace"."""
    moment = page.secrets_set_at.get(field.name)
    if moment is None:
        return ""
    said = frame.when(moment, page.now)
    on = "" if said.startswith(("today", "yesterday")) else "on "
    return f"set {on}{said}" + (", type to replace" if page.may_edit else "")


def _identity(page: ConnectorPage) -> str:
    return page.configuration.configuration_id if page.configuration else page.partner.partner


def _draw_fields(page: ConnectorPage) -> None:
    problems = _problems(page)
    frame.block_title("Account")
    if page.configuration is None:
        st.markdown("**Before you begin**")
        for number, sentence in enumerate(page.partner.preconditions):
            st.checkbox(sentence, key=key(page, f"{_PRECONDITIONS}_{number}"))
        _problem(problems, _PRECONDITIONS)
    st.text_input(
        "Name",
        page.configuration.name if page.configuration else "",
        key=key(page, "name"),
        placeholder=f"{page.partner.short_name} account",
        help="What this account is called in Handoff.",
        disabled=not page.may_edit,
    )
    _problem(problems, "name")
    for item in page.partner.fields:
        if not item.is_advanced:
            _draw_field(page, item, problems)
    advanced = [item for item in page.partner.fields if item.is_advanced]
    if advanced:
        is_wrong = any(item.name in problems for item in advanced)
        with st.expander("Advanced", expanded=is_wrong, icon=":material/tune:"):
            for item in advanced:
                _draw_field(page, item, problems)


def _draw_field(page: ConnectorPage, item: SettingField, problems: Mapping[str, str]) -> None:
    is_fixed = item.is_fixed_while_linked and bool(page.uses)
    label = item.label if item.is_required or item.default else f"{item.label} (optional)"
    said = item.help
    if is_fixed:
        said = f"{item.help} It cannot change while {plain(page.uses[0].name)} is linked; unlink that audience first."
    shared: dict[str, Any] = {
        "key": key(page, item.name),
        "help": said or None,
        "disabled": is_fixed or not page.may_edit,
    }
    value = page.values.get(item.name, "")
    if item.kind == "choice":
        options = list(item.choices)
        st.selectbox(
            label,
            options,
            index=options.index(value) if value in options else None,
            format_func=lambda word: item.choices.get(word, word),
            **shared,
        )
    elif item.kind == "secret":
        st.text_input(
            label,
            type="password",
            autocomplete="new-password",
            placeholder=secret_hint(item, page) or None,
            **shared,
        )
    else:
        st.text_input(label, value, placeholder=item.default or None, **shared)
    _problem(problems, item.name)


def _problem(problems: Mapping[str, str], field: str) -> None:
    if field in problems:
        st.markdown(f":red[:material/error: {plain(problems[field])}]")


def _draw_buttons(page: ConnectorPage) -> None:
    count = len(_problems(page))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.space("stretch")
        if count:
            st.markdown(f":red[{count} field{'s need' if count > 1 else ' needs'} attention]", width="content")
        st.form_submit_button(
            "Test", icon=":material/network_check:", key="connector_test_ask", on_click=_test, args=(page,)
        )
        st.form_submit_button(
            "Save" if page.configuration else "Save and activate",
            type="primary",
            key="connector_save",
            on_click=_save,
            args=(page,),
        )


def _problems(page: ConnectorPage) -> dict[str, str]:
    identity, problems = st.session_state.get(_PROBLEMS, ("", {}))
    return dict(problems) if identity == _identity(page) else {}


def _keep_problems(page: ConnectorPage, problems: Mapping[str, str]) -> None:
    st.session_state[_PROBLEMS] = (_identity(page), dict(problems))


def _checked(page: ConnectorPage, act: Any) -> Any:
    """Run an action of the form: what is wrong with fields goes under them, any other refusal above the page."""

    def run(desk: Desk, caller: Caller) -> Any:
        try:
            return act(desk, caller)
        except actions.Refused as refused:
            _keep_problems(page, {**_problems(page), **refused.problems})
            return None

    return frame.attempt(run)


def _save(page: ConnectorPage) -> None:
    configuration = page.configuration
    missing = configuration is None and not all(
        st.session_state.get(key(page, f"{_PRECONDITIONS}_{number}"))
        for number in range(len(page.partner.preconditions))
    )
    _keep_problems(page, {_PRECONDITIONS: "See to these first, then tick them."} if missing else {})
    if missing:
        _checked(page, lambda _desk, _caller: actions.check(wanted(page)))
        return
    configuration_id = configuration.configuration_id if configuration else None
    seen = configuration.settings if configuration else None
    saved = _checked(page, lambda desk, caller: actions.save(desk, caller, configuration_id, wanted(page), seen=seen))
    if saved is None:
        return
    st.toast("Saved.", icon=":material/check_circle:")
    st.session_state[_VERSION] = st.session_state.get(_VERSION, 0) + 1
    if configuration is None:
        frame.go("connector_page.py", id=saved.configuration_id)


def _test(page: ConnectorPage) -> None:
    _keep_problems(page, {})
    configuration_id = page.configuration.configuration_id if page.configuration else None
    job_id = _checked(page, lambda desk, caller: actions.ask_test(desk, caller, configuration_id, wanted(page)))
    st.session_state[_TEST] = (_identity(page), job_id)


def _draw_test(page: ConnectorPage) -> None:
    identity, job_id = st.session_state.get(_TEST, ("", None))
    if identity != _identity(page) or job_id is None:
        return
    try:
        job = view.test_state(session.desk(), session.caller(), job_id)
    except HandoffError:
        return
    if job.state in _GOING:
        _draw_going(job_id, page.partner.short_name)
    else:
        _draw_outcome(job)


@st.fragment(run_every=_POLL_S)
def _draw_going(job_id: str, partner: str) -> None:
    with frame.loading("the test"):
        job = view.test_state(session.desk(), session.caller(), job_id)
        if job.state not in _GOING:
            st.rerun()
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            st.markdown(f":material/progress_activity: Asking {plain(partner)}…")
            st.button(
                "Cancel", key="connector_test_cancel", on_click=frame.attempt_anew, args=(questions.cancel, job_id)
            )


def _draw_outcome(job: Job) -> None:
    with st.container(border=True, key="connector_tested", gap="xsmall"):
        if job.result is None:
            st.markdown(f":red[:material/cancel:] {plain(job.error or 'The test was cancelled.')}")
            return
        icon = ":green[:material/check_circle:]" if job.result["ok"] else ":red[:material/cancel:]"
        st.markdown(f"{icon} {plain(job.result['said'])}")
        st.caption(f"{plain(job.result['next'])} The answer took {words.duration(job.result['took_ms'] / 1_000)}.")
