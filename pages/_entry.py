"""The entry script of every run: who is it, which pages are theirs, then the page itself."""

import streamlit as st

from pages.parts import menu, session

st.set_page_config(page_title=menu.NAME, page_icon=menu.ICON, layout="wide", initial_sidebar_state=232)
caller = session.caller()
menu.draw_logo()
page = st.navigation(menu.pages_of(caller.role), expanded=True)
menu.draw_demo()
menu.draw_user_menu(caller)
page.run()
