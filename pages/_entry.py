"""The entry script of every run: who is it, which pages are theirs, then the page itself."""

import streamlit as st

from pages.parts import menu, session

st.set_page_config(page_title=menu.NAME, page_icon=menu.ICON, layout="wide", initial_sidebar_state="auto")
caller = session.caller()
menu.draw_logo()
pages = menu.pages_of(caller.role)
if pages:
    page = st.navigation(pages, expanded=True)
    menu.draw_user_menu(caller)
    page.run()
else:
    menu.draw_user_menu(caller)
    st.markdown(f"There is no page for the role {caller.role.value} yet.")
