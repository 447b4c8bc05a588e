"""The launcher: `streamlit run app.py` is the whole product on one machine, dashboard and engine."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st

from engine.actions import people
from engine.base import settings
from engine.base.errors import HandoffError
from engine.service import Service
from pages.parts import guard, sign_in, trouble


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, Any]]:
    """Start the engine before the first request and stop it after the last."""
    service = Service(settings.load())
    try:
        service.start()
    except HandoffError as error:
        # One sentence and out: the server would print a traceback and go on to another exit status.
        print(error, file=sys.stderr, flush=True)  # noqa: T201 - whoever starts it reads the console
        os._exit(1)
    try:
        token = people.first_link(service.desk)
        if token:
            print(f"Nobody is here yet. Create the first administrator: {_address()}/join?token={token}", flush=True)  # noqa: T201 - the same
        yield {"service": service}
    finally:
        service.stop()


def _address() -> str:
    scheme = "https" if st.get_option("server.sslCertFile") else "http"
    host = st.get_option("server.address") or "localhost"
    return f"{scheme}://{host}:{st.get_option('server.port')}{st.get_option('server.baseUrlPath')}"


app = st.App(
    "pages/_entry.py",
    lifespan=lifespan,
    routes=sign_in.ROUTES,
    middleware=[guard.MIDDLEWARE],
    on_script_error=trouble.show,
)
