"""One file in a drawer: what became of it, where it went, what we answered, its rejected rows, and downloads."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from engine.actions import files as actions
from engine.base.errors import HandoffError
from engine.views import callers
from engine.views import files as view
from engine.views.files import FilePage
from pages.parts import files_badges, files_upload, frame, reasons, session, words
from pages.parts.plain import plain, visible
from storage.records.connections import Direction
from storage.records.exchange import Answer, AnswerKind, AnswerState, FileState, HandedFile

_WIDTH = 620
_OFFER, _FILE = "files_offer", "id"
_ROWS_SEEN = 8
_ROW_HEIGHT = 36
_KINDS = {AnswerKind.RECEIPT: "Receipt", AnswerKind.RESULT: "Result", AnswerKind.ERRORS: "Reject file"}
_SENT = {
    AnswerState.WAITING: ":gray-badge[:material/schedule: Waits]",
    AnswerState.SENT: ":green-badge[:material/check_circle: Sent]",
    AnswerState.FAILED: ":red-badge[:material/cancel: Failed]",
    AnswerState.KEPT: ":gray-badge[:material/inventory_2: Kept here]",
}


def open_file(file_id: str) -> None:
    """Open the drawer of a file with the next `draw`; the address says which."""
    st.query_params[_FILE] = file_id


def offer(file_id: str, kind: AnswerKind | None) -> None:
    """Offer the download of an answer, or of the original where kind is None, with the next `draw`."""
    st.session_state[_OFFER] = (file_id, kind)


def is_open() -> bool:
    """Say whether a file or a download is shown."""
    return bool(st.query_params.get(_FILE)) or _OFFER in st.session_state


def close() -> None:
    """Shut the drawer."""
    st.query_params.pop(_FILE, None)
    st.session_state.pop(_OFFER, None)


def draw() -> None:
    """Draw the drawer, or the offered download, where one is open."""
    if _OFFER in st.session_state:
        file_id, kind = st.session_state[_OFFER]
        st.dialog("Download", on_dismiss=close)(_draw_offer)(file_id, kind)
    elif st.query_params.get(_FILE):
        _draw_drawer(st.query_params[_FILE])


def _draw_drawer(file_id: str) -> None:
    with frame.loading("this file"):
        name = files_badges.name(view.page(session.desk(), session.caller(), file_id).line.file)
        # Its title is the file's name, so that the dialog is made anew for each.
        st.dialog(plain(name), width=_WIDTH, position="right", icon=":material/draft:", on_dismiss=close)(_draw)(
            file_id
        )


def _draw_offer(file_id: str, kind: AnswerKind | None) -> None:
    with frame.loading("this file"):
        page = view.page(session.desk(), session.caller(), file_id)
        if kind is None:
            st.markdown(f"**{plain(files_badges.name(page.line.file))}**, {words.size(page.line.file.size_bytes)}")
            _draw_original(page, "primary")
            return
        answer = page.line.answer(kind)
        if answer is not None:
            st.markdown(f"**{plain(answer.name)}**, {words.size(answer.size_bytes)}")
            _download_answer(page, answer, "primary")


def _draw(file_id: str) -> None:
    with frame.loading("this file"):
        page = view.page(session.desk(), session.caller(), file_id)
        file = page.line.file
        badge = files_badges.of(file.state)
        st.markdown(f"{badge.markdown} :gray[{files_badges.WAYS[file.direction]}]")
        frame.draw_refusal()
        if file.reason:
            (st.error if file.state is FileState.FAILED else st.info)(
                plain(_why(file)), icon=f":material/{badge.icon}:"
            )
        _draw_links(page)
        _draw_facts(page)
        with st.container(horizontal=True):
            _draw_original(page, "secondary")
            if page.line.may_again:
                is_out = file.direction is Direction.OUTBOUND
                st.button(
                    "Send again" if is_out else "Import again",
                    icon=":material/replay:",
                    key="file_again",
                    on_click=frame.attempt,
                    args=(actions.import_again, file.file_id),
                )
        if file.direction is Direction.INBOUND:
            _draw_answers(page)
        _draw_rejects(page)


def _why(file: HandedFile) -> str:
    reason = file.reason or ""
    is_phrase = file.state is FileState.NOT_MATCHED and not reason.endswith(".")
    return f"It was not read because of its name: {reason}." if is_phrase else reason


def _draw_links(page: FilePage) -> None:
    file = page.line.file
    with st.container(horizontal=True, gap="small"):
        if page.line.connection_name:
            frame.link(
                page.line.connection_name, "connection_page.py", {"id": file.connection_id}, ":material/swap_horiz:"
            )
        else:
            st.caption("Deleted connection", width="content")
        if page.run_number is not None and page.may_see_runs:
            frame.link(f"Run {page.run_number:,}", "run_page.py", {"id": str(page.run_number)}, ":material/history:")
        if page.mends_run_number is not None and page.may_see_runs:
            label = f"Mends run {page.mends_run_number:,}"
            frame.link(label, "run_page.py", {"id": str(page.mends_run_number)}, ":material/build:")


def _draw_facts(page: FilePage) -> None:
    file = page.line.file
    rows = (
        f"{file.rows_total:,} in all, {file.rows_ok:,} used, {file.rows_errors:,} with errors"
        if file.rows_total
        else ""
    )
    facts = {
        "First seen": frame.when(file.first_seen_at, page.now),
        "Ended": frame.when(file.ended_at, page.now) if file.ended_at else "",
        "Size": files_badges.size(file),
        "Rows": rows,
        "Folder": plain(file.folder) if file.folder not in ("", "/") else "",
        "From": plain(file.sender) if file.sender else "",
        "Trace": f"`{file.trace_id}`",
        "SHA-256": f"`{file.sha256[:32]}` `{file.sha256[32:]}`" if file.sha256 else "",
    }
    shown = {name: value for name, value in facts.items() if value}
    st.table(
        pd.DataFrame({"what": list(shown), "value": list(shown.values())}),
        border="horizontal",
        hide_index=True,
        hide_header=True,
        alt="What is known of the file",
    )


def _draw_original(page: FilePage, kind: str) -> None:
    file = page.line.file
    if file.content_removed_at is not None:
        st.caption(f"Content removed {frame.when(file.content_removed_at, page.now)}; the counts stay.")
    elif page.line.may_get and page.is_large:
        st.caption(f"Too large for a browser: `python -m engine file {file.trace_id} --original --to PATH`")
    elif page.line.may_get:
        _download("Download original", file.name, _original(session.token(), file.file_id), "file_original", kind)


def _draw_answers(page: FilePage) -> None:
    said = page.line.answers
    if not said and page.line.file.state not in (FileState.COMPLETE, FileState.FAILED):
        return
    _block_title("Receipt and result", f"to {plain(page.answers_go_to)}" if page.answers_go_to else "kept here")
    if not said:
        st.caption("None was made.")
    for answer in said:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"{_SENT[answer.state]} {_KINDS[answer.kind]}", width="content")
            st.caption(_said(answer, page), width="content")
            st.space("stretch")
            if page.line.may_get_answers:
                _download_answer(page, answer, "tertiary")
        if answer.error:
            st.caption(plain(answer.error))


def _block_title(title: str, right: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{title}**", width="content")
        st.space("stretch")
        st.caption(right, width="content")


def _said(answer: Answer, page: FilePage) -> str:
    if answer.sent_at is not None:
        return frame.when(answer.sent_at, page.now)
    if answer.state is AnswerState.WAITING and answer.next_try_at is not None:
        return f"{words.counted(answer.tries, 'try', 'tries')}, next {frame.ahead(answer.next_try_at, page.now)}"
    return words.size(answer.size_bytes)


def _draw_rejects(page: FilePage) -> None:
    counts = page.rejected_by_reason
    if not counts:
        return
    _block_title("Rejected rows", words.counted(sum(counts.values()), "row"))
    if page.may_see_rejects:
        key = f"file_reason_{page.line.file.file_id}"
        chosen = st.pills(
            "Errors by class",
            list(counts),
            format_func=lambda code: f"{reasons.rejected(code)} {counts[code]:,}",
            key=key,
            label_visibility="collapsed",
        )
        _draw_rows(page, chosen)
    if page.may_mend:
        file = page.line.file
        files_upload.mended_uploader(file.connection_id, str(page.run_number) if page.run_number else None)


def _draw_rows(page: FilePage, reason: str | None) -> None:
    rows = view.rejected(session.desk(), session.caller(), page.line.file.file_id, reason, 0, _ROWS_SEEN)
    config = st.column_config
    st.dataframe(
        pd.DataFrame(
            {
                "Line": [item.line for item in rows],
                "Reason": [reasons.rejected(item.reason) for item in rows],
                "Column": [visible(item.column or words.UNKNOWN) for item in rows],
                "Value": [visible(item.value) if item.value is not None else words.UNKNOWN for item in rows],
                "Suggestion": [item.suggestion for item in rows],
            }
        ),
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height="content",
        column_config={
            "Line": config.NumberColumn(width=60, format="localized"),
            "Reason": config.TextColumn(width=124),
            "Column": config.TextColumn(width=96),
            "Value": config.TextColumn(width=100),
            "Suggestion": config.TextColumn(width=180),
        },
        alt="The first rejected rows with line, reason, column, value and suggestion.",
    )
    total = page.rejected_by_reason.get(reason, 0) if reason else sum(page.rejected_by_reason.values())
    if total > _ROWS_SEEN:
        st.caption(f"The first {_ROWS_SEEN} of {total:,}; the reject file and the run's page have all.")


def _download_answer(page: FilePage, answer: Answer, kind: str) -> None:
    make = _answer(session.token(), page.line.file.file_id, answer.kind)
    _download(_KINDS[answer.kind], answer.name, make, f"file_{answer.kind.value}", kind)


def _download(label: str, name: str, make: Callable[[], bytes], key: str, kind: str) -> None:
    st.download_button(
        label,
        make,
        file_name=name,
        mime="application/octet-stream",
        icon=":material/download:",
        type="primary" if kind == "primary" else "tertiary" if kind == "tertiary" else "secondary",
        key=key,
        on_click="ignore",
    )


def _original(token: str, file_id: str) -> Callable[[], bytes]:
    desk = session.desk()

    def make() -> bytes:
        # Made at the click: whoever is signed in by then decides what is given.
        caller = callers.find(desk, token)
        try:
            return actions.original(desk, caller, file_id)[1].read_bytes() if caller else b""
        except (HandoffError, OSError):
            return b""

    return make


def _answer(token: str, file_id: str, kind: AnswerKind) -> Callable[[], bytes]:
    desk = session.desk()

    def make() -> bytes:
        caller = callers.find(desk, token)
        try:
            return view.answer_path(desk, caller, file_id, kind)[1].read_bytes() if caller else b""
        except (HandoffError, OSError):
            return b""

    return make
