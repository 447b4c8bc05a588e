"""A failed page: one sentence on the screen, the place in the log, and in neither the values it was about."""

import logging

import pytest
from streamlit import error_util
from streamlit.testing.v1 import AppTest

from pages.parts import trouble

SECRET = "ana.visser@example.org"


def fail_at_a_value() -> None:
    raise ValueError(f"could not convert {SECRET}")


def show_failure() -> None:
    from pages.parts import trouble  # noqa: PLC0415 - this function becomes a script of its own
    from tests.pages.test_trouble import fail_at_a_value  # noqa: PLC0415

    try:
        fail_at_a_value()
    except ValueError as error:
        trouble.show(error)


@pytest.mark.promise("D11")
def test_a_failed_page_shows_a_mark_that_leads_to_its_place_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    # given
    logger = logging.getLogger("handoff")
    before, logger.propagate = logger.propagate, True
    # when
    try:
        page = AppTest.from_function(show_failure, default_timeout=20).run()
    finally:
        logger.propagate = before
    # then
    (sentence,) = [error.value for error in page.error]
    mark = sentence.rstrip(".").rpartition(" ")[2]
    (noted,) = {record.getMessage() for record in caplog.records if "page failed" in record.getMessage()}
    assert f"[{mark}] ValueError at" in noted and "fail_at_a_value" in noted
    assert SECRET not in sentence and SECRET not in noted


@pytest.mark.promise("D11")
def test_what_streamlit_prints_of_a_failed_page_holds_no_value(caplog: pytest.LogCaptureFixture) -> None:
    # given
    assert callable(trouble.show)  # its module tames the logger
    logger = logging.getLogger("streamlit.error_util")
    logger.addHandler(caplog.handler)
    # when
    try:
        fail_at_a_value()
    except ValueError as error:
        error_util._log_uncaught_app_exception(error)
    finally:
        logger.removeHandler(caplog.handler)
    # then
    assert "A page failed" in caplog.text
    assert SECRET not in caplog.text


def test_an_expected_error_shows_its_own_sentence() -> None:
    def show_expected() -> None:
        from engine.base.errors import GiveUp  # noqa: PLC0415 - this function becomes a script of its own
        from pages.parts import trouble  # noqa: PLC0415

        trouble.show(GiveUp("The engine is not running here"))

    page = AppTest.from_function(show_expected, default_timeout=20).run()
    assert [error.value for error in page.error] == ["The engine is not running here"]
