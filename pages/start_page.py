"""The start: leads each role to the page it asks for first, so that all pages keep their own addresses."""

import streamlit as st

from pages.parts import menu, session


def _lead_on() -> None:
    st.switch_page(menu.start_of(session.caller().role))


if __name__ == "__main__":
    _lead_on()
