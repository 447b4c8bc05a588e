"""What stands right of the wizard's steps: words, a sample, the pattern's tester, what the partner needs, checks."""

import pandas as pd
import streamlit as st

from engine.views.drafts import DraftPage
from pages.parts import connection_facts, frame, wizard_checks, wizard_fields, wizard_pattern, wizard_words
from storage.records.connections import DataType, Direction, Method, Methodology


def draw(page: DraftPage) -> None:
    """Draw the right column of a step."""
    if page.step == "Type":
        _sample(page)
    is_in = page.answers.get("direction") == Direction.INBOUND
    if page.step == "Method" and is_in:
        wizard_pattern.draw(page)
    if page.step in ("Credentials", "Review"):
        if page.is_hosted:
            connection_facts.for_partner(page.ours, Method(page.answers["method"]))
        else:
            wizard_checks.draw(page)
    if page.step == "Credentials" and is_in and not page.is_hosted and not wizard_fields.is_mail(page):
        # Only now the folder can be listed: who signs in is known.
        wizard_pattern.draw(page)
    if page.step == "Review":
        _happens(page)
    is_alone = page.step == "Direction" or (page.step == "Method" and not is_in)
    _terms(is_open_block=is_alone)


def _happens(page: DraftPage) -> None:
    is_edit = "connection_id" in page.answers
    with st.container(border=True):
        frame.block_title("What happens on Save" if is_edit else "What happens on Create")
        answers = page.answers
        on_create = wizard_words.on_create(
            Direction(answers["direction"]), Method(answers["method"]), Methodology(answers["methodology"])
        )
        steps = wizard_words.ON_SAVE if is_edit else on_create
        st.markdown("\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1)))


def _terms(*, is_open_block: bool) -> None:
    place = (
        st.container(border=True)
        if is_open_block
        else st.expander("What do these words mean?", icon=":material/help:", key="wizard_terms")
    )
    with place:
        if is_open_block:
            frame.block_title("What do these words mean?")
        for word, meaning in wizard_words.TERMS.items():
            st.markdown(f"**{word}** · {meaning}")


def _sample(page: DraftPage) -> None:
    chosen = page.answers.get("data_type")
    if chosen not in set(wizard_words.SAMPLES):
        return
    needed, rows = wizard_words.SAMPLES[DataType(chosen)]
    with st.container(border=True):
        frame.block_title("A sample")
        st.markdown(f"**Required:** {needed}")
        st.table(pd.DataFrame(rows), border="horizontal", hide_index=True, alt="Two rows of such a file")
        st.caption("Your columns may have other names; you say later which is which.")
