"""Uploads over FTP that came to an end, until they are known to be whole."""

import errno
import socket

import pytest

from engine.base import limits
from engine.endpoints.ftp_waiting import Line, Waiting


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Upload:
    """Stands for an upload of the jail; keeps how it was closed."""

    def __init__(self, fault: OSError | None = None) -> None:
        self.closed: list[bool] = []
        self._fault = fault

    def close(self, *, is_proven: bool) -> None:
        self.closed.append(is_proven)
        if self._fault is not None:
            raise self._fault


def waiting(clock: Clock, *uploads: Upload, owner: object = "session", is_sure: bool = False) -> Waiting:
    found = Waiting(clock)
    for number, upload in enumerate(uploads):
        found.add(owner, f"/{number}.csv", upload, is_sure=is_sure)  # type: ignore[arg-type]  # as far as it asks
    return found


def test_an_upload_is_taken_after_the_quiet_time_and_not_before() -> None:
    # given
    clock, upload = Clock(), Upload()
    held = waiting(clock, upload)
    # when
    clock.now_s += limits.FTP_QUIET_S - 0.1
    wait_s = held.take_due()
    early = list(upload.closed)
    clock.now_s += 0.2
    held.take_due()
    # then
    assert wait_s is not None and 0 < wait_s < 0.2
    assert early == []
    assert upload.closed == [True]


@pytest.mark.parametrize("is_heard", [True, False])
def test_a_session_that_only_closed_is_well_where_all_was_heard(is_heard: bool) -> None:  # noqa: FBT001 - a case
    # given
    clock, first, second = Clock(), Upload(), Upload()
    held = waiting(clock, first, second)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        theirs = socket.create_connection(listening.getsockname())
        ours, _ = listening.accept()
    ours.sendall(b"226 Transfer complete.\r\n")
    if is_heard:
        theirs.recv(100)
    else:
        # It has come, and lies there when the other side closes.
        assert theirs.recv(100, socket.MSG_PEEK)
    theirs.close()
    # when
    held.leave("session", is_well=False, line=Line(ours))
    clock.now_s += limits.FTP_QUIET_S + 1
    held.take_due()
    # then
    assert (first.closed, second.closed) == ([is_heard], [is_heard])
    assert ours.fileno() == -1


@pytest.mark.parametrize("is_ended_here", [True, False])
def test_a_session_that_ended_badly_takes_what_waits_with_it_but_for_what_is_sure_where_we_ended_it(
    is_ended_here: bool,  # noqa: FBT001 - a case
) -> None:
    # given
    clock, mine, other = Clock(), Upload(), Upload()
    held = waiting(clock, mine)
    held.add("session", "/x.csv", other, is_sure=True)  # type: ignore[arg-type]  # as far as it asks
    # when
    held.leave("session", is_well=False, is_ended_here=is_ended_here)
    clock.now_s += limits.FTP_QUIET_S + 1
    held.take_due()
    # then
    assert (mine.closed, other.closed) == ([False], [is_ended_here])


def test_a_session_that_said_goodbye_leaves_what_waits_to_be_taken() -> None:
    # given
    clock, upload = Clock(), Upload()
    held = waiting(clock, upload)
    # when
    held.leave("session", is_well=True)
    clock.now_s += limits.FTP_QUIET_S + 1
    held.take_due()
    # then
    assert upload.closed == [True]


def test_a_rename_takes_out_what_waits_under_its_newest_name() -> None:
    # given
    clock, first, second = Clock(), Upload(), Upload()
    held = waiting(clock, first, second)
    # when
    held.moved("session", "/0.csv", "/sub/new.csv")
    held.moved("session", "/sub", "/other")
    found: list[object] = [
        held.pick("session", "/0.csv"),
        held.pick("stranger", "/other/new.csv"),
        held.pick("session", "/other/new.csv"),
        held.pick("session", "/other/new.csv"),
    ]
    # then
    assert found == [None, None, first, None]


def test_what_is_broken_off_later_is_left_pending() -> None:
    # given
    clock, first, second = Clock(), Upload(), Upload()
    held = waiting(clock, first, second)
    # when
    held.give_up("session", second)  # type: ignore[arg-type]  # as far as it asks
    clock.now_s += limits.FTP_QUIET_S + 1
    held.take_due()
    # then
    assert (first.closed, second.closed) == ([True], [False])


def test_an_upload_that_cannot_be_taken_holds_up_no_other() -> None:
    # given
    clock = Clock()
    full, stale, fine = Upload(OSError(errno.ENOSPC, "full")), Upload(OSError(errno.ESTALE, "stale")), Upload()
    held = waiting(clock, full, stale, fine)
    # when
    clock.now_s += limits.FTP_QUIET_S + 1
    held.take_due()
    # then
    assert fine.closed == [True]


def test_at_the_end_only_what_is_sure_is_taken() -> None:
    # given
    clock, sure, left, open_still, late = Clock(), Upload(), Upload(), Upload(), Upload()
    held = waiting(clock, sure, is_sure=True)
    held.add("gone", "/left.csv", left, is_sure=False)  # type: ignore[arg-type]  # as far as it asks
    held.leave("gone", is_well=True)
    held.add("here", "/open.csv", open_still, is_sure=False)  # type: ignore[arg-type]  # as far as it asks
    held.start()
    # when
    held.stop()
    held.add("here", "/late.csv", late, is_sure=True)  # type: ignore[arg-type]  # as far as it asks
    # then
    assert (sure.closed, left.closed, open_still.closed, late.closed) == ([True], [True], [False], [False])
