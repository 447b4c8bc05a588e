"""The drawer of one group of failures: what happened, why, what next, the partner's answer, for whom, and Replay."""

import json
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from engine.actions import replays
from engine.views import failures as view
from engine.views.failures import Drawer, FailedLine, Progress
from pages.parts import badges, category, frame, session, words
from pages.parts.plain import plain
from storage.records.deliveries import DeliveryCategory

_GROUP = "errors_open"
_WIDTH = 620
_ROW_HEIGHT = 36
_ROWS_SEEN = 8
_HEADER_HEIGHT = 35
_PAGE_ROWS = 100
_POLL_S = 1.0
_WHY = ":material/person_search: Why?"
_BADGES = {"add": badges.ADD, "remove": badges.REMOVE}


def open_group(failure_ids: Sequence[str]) -> None:
    """Open the drawer of these failures with the next `draw`; they stay the same while it is open."""
    st.session_state[_GROUP] = tuple(failure_ids)


def is_open() -> bool:
    """Say whether one is open."""
    return bool(st.session_state.get(_GROUP))


def close() -> None:
    """Keep the drawer shut."""
    st.session_state.pop(_GROUP, None)


def draw() -> None:
    """Draw the drawer where one is open."""
    failure_ids = st.session_state.get(_GROUP)
    if not failure_ids:
        return
    drawer = view.drawer(session.desk(), session.caller(), failure_ids)
    # Its title is the connector's name, so that the dialog is made anew for each.
    st.dialog(plain(drawer.line.name), width=_WIDTH, position="right", icon=":material/error:", on_dismiss=close)(
        _draw
    )(failure_ids)


def progress_words(progress: Progress) -> str:
    """Return how a replay goes: "30 waiting · 7 recovered · 2 failed again"; empty where none was made; pure."""
    parts = ((progress.going, "waiting"), (progress.recovered, "recovered"), (progress.failed_again, "failed again"))
    return " · ".join(f"{words.count(number)} {word}" for number, word in parts if number)


def pretty(answer: str) -> tuple[str, str | None]:
    """Return an answer as people read it and its language: JSON with indents where it is JSON; pure."""
    try:
        return json.dumps(json.loads(answer), indent=2, ensure_ascii=False), "json"
    except (ValueError, RecursionError):
        return answer, None


def _draw(failure_ids: tuple[str, ...]) -> None:
    with frame.loading("these errors"):
        drawer = view.drawer(session.desk(), session.caller(), failure_ids)
        frame.draw_refusal()
        _draw_head(drawer)
        _draw_cause(drawer)
        _draw_answer(drawer)
        _draw_profiles(drawer, failure_ids)
        _draw_replay(drawer, failure_ids)


def _draw_head(drawer: Drawer) -> None:
    group = drawer.line.group
    code = f" :gray-badge[{plain(group.code)}]" if group.code else ""
    names = ", ".join(f"*{plain(name)}*" for name in drawer.audiences)
    kind = "audience" if len(drawer.audiences) == 1 else "audiences"
    st.markdown(
        f"{category.look(group.category).badge.markdown}{code} **{words.counted(group.count, 'profile')}** · "
        f"{frame.when(group.last_at, drawer.now)} · {kind} {names}"
    )


def _draw_cause(drawer: Drawer) -> None:
    group, said = drawer.line.group, drawer.said
    happened = drawer.newest.sentence if group.count == drawer.newest.count else said.meaning
    if group.unknown:
        happened += " The partner may have done it: replay only if twice is harmless."
    with st.container(border=True, gap="xsmall"):
        for title, sentence in (
            ("What happened", happened),
            ("Likely cause", said.likely_cause),
            ("What next", said.what_next),
        ):
            if sentence:
                st.markdown(f"**{title}**  \n{plain(sentence)}")
        with st.container(horizontal=True):
            if not drawer.line.is_deleted:
                st.button(
                    "Open the connector",
                    icon=":material/hub:",
                    type="primary" if _needs_account(drawer) else "secondary",
                    key="errors_connector",
                    on_click=_to_connector,
                    args=(group.configuration_id,),
                )
            if said.reference:
                st.link_button("Partner's code list", said.reference, icon=":material/open_in_new:")


def _needs_account(drawer: Drawer) -> bool:
    """Say whether the account has to be mended before a replay can do anything; pure."""
    return drawer.line.group.category is DeliveryCategory.INVALID_CREDENTIALS and drawer.refusal is not None


def _to_connector(configuration_id: str) -> None:
    close()
    frame.go("connector_page.py", id=configuration_id)


def _block_title(title: str, right: str) -> None:
    # Headings of a drawer are small; these are as large as those of a page's blocks.
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{title}**", width="content")
        st.space("stretch")
        st.caption(right, width="content")


def _draw_answer(drawer: Drawer) -> None:
    newest = drawer.newest
    parts = [f"HTTP {newest.status}" if newest.status else "no answer", f"{newest.took_ms:,} ms"]
    if len(drawer.line.group.failure_ids) > 1:
        parts.append(f"the newest of {words.count(len(drawer.line.group.failure_ids))}")
    _block_title("The partner's answer", " · ".join(parts))
    if newest.answer.strip():
        text, language = pretty(newest.answer)
        st.code(text, language=language, wrap_lines=True)
    else:
        st.caption(plain(newest.sentence))
    if len(drawer.tries) > 1:
        with st.expander(f"Tried {words.counted(len(drawer.tries), 'time')}"):
            st.table(
                pd.DataFrame(
                    {
                        "Try": [str(each.number) for each in drawer.tries],
                        "When": [frame.when(each.called_at, drawer.now) for each in drawer.tries],
                        "Took": [f"{each.took_ms:,} ms" if each.took_ms else words.UNKNOWN for each in drawer.tries],
                        "Answer": [plain(each.said or "taken") for each in drawer.tries],
                    }
                ),
                border="horizontal",
                hide_index=True,
                alt="The calls of the newest failure, first to last.",
            )


def _draw_profiles(drawer: Drawer, failure_ids: tuple[str, ...]) -> None:
    _block_title("Profiles", words.counted(drawer.rows, "profile"))
    if drawer.rows > drawer.line.group.count:
        st.caption(
            f"{plain(drawer.partner)} did not say which {words.count(drawer.line.group.count)} of these "
            f"{words.count(drawer.rows)} it refused, so all of them would go again."
        )
    pages = -(-drawer.rows // _PAGE_ROWS)
    key = f"errors_profiles_{failure_ids[0]}"
    start = (min(st.session_state.get(key, 1), max(pages, 1)) - 1) * _PAGE_ROWS
    rows = view.profiles(session.desk(), session.caller(), failure_ids, start, _PAGE_ROWS)
    _draw_table(rows)
    if pages > 1:
        st.pagination(pages, key=key)


def _draw_table(rows: list[FailedLine]) -> None:
    data = {
        "Profile": [str(row.profile_id) for row in rows],
        "Signal": [[_BADGES[row.kind.value].word] for row in rows],
        "Identifier": [row.identifier for row in rows],
        "Tries": [row.tries for row in rows],
        "Now": ["still current" if row.is_current else "changed since" for row in rows],
        "why": [_WHY] * len(rows),
    }
    config = st.column_config
    st.dataframe(
        pd.DataFrame(data),
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height=_HEADER_HEIGHT + _ROWS_SEEN * _ROW_HEIGHT if len(rows) > _ROWS_SEEN else "content",
        column_config={
            "Profile": config.TextColumn(width=146),
            "Signal": badges.column("Signal", 76, badges.SIGNALS),
            "Identifier": config.TextColumn(width=122),
            "Tries": config.NumberColumn(width=50),
            "Now": config.TextColumn(width=98),
            "why": config.ButtonColumn(
                "", width=84, type="tertiary", key="errors_why", on_click=_on_why, args=(rows,), help="Open the profile"
            ),
        },
        alt="Failed profiles with signal, identifier and tries; a button in each row opens the profile.",
    )


def _on_why(rows: list[FailedLine]) -> None:
    click = st.session_state.get("errors_why")
    if click and click["row"] < len(rows):
        close()
        frame.go("profiles_page.py", id=str(rows[click["row"]].profile_id))


def _draw_replay(drawer: Drawer, failure_ids: tuple[str, ...]) -> None:
    if drawer.progress.going:
        st.fragment(_draw_progress, run_every=_POLL_S)(failure_ids)
        return
    said = progress_words(drawer.progress)
    if said:
        st.markdown(f":material/replay: **{said}**")
        if drawer.progress.failed_again:
            st.caption("What failed again stands in the list as a failure of its own.")
    if not drawer.may_replay or not drawer.line.group.open_count:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"Replay {words.count(drawer.current)}",
            icon=":material/replay:",
            type="secondary" if _needs_account(drawer) else "primary",
            key="errors_replay",
            disabled=drawer.refusal is not None,
            help=plain(drawer.refusal) if drawer.refusal else None,
            on_click=_replay,
            args=(failure_ids,),
        )
        if drawer.refusal:
            st.caption(plain(drawer.refusal))
        else:
            what = words.counted(drawer.current, "signal")
            st.caption(f"Sends {what}, only these; the chart then shows them as recovered.")


def _replay(failure_ids: tuple[str, ...]) -> None:
    frame.attempt(replays.replay, failure_ids)


def _draw_progress(failure_ids: tuple[str, ...]) -> None:
    progress = view.progress(session.desk(), session.caller(), failure_ids)
    if not progress.going:
        st.rerun()  # the whole page: the list behind has changed too
    done = progress.recovered + progress.failed_again
    st.progress(min(done / (done + progress.going), 1.0), text=progress_words(progress))
    st.caption("Closing this does not stop it.")
