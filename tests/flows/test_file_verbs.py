"""The verbs files, file and send: what came and went, on the command line, with the same rules as on the page."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from engine import cli
from engine.base.settings import Settings
from storage.records.connections import Method
from storage.records.exchange import FileState
from tests.fakes import exchange as given
from tests.fakes.exchange import IN, OUT, PULL, PUSH
from tests.fakes.home import open_home

CONTENT = b"id,name\n1,Zo\xc3\xab\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with one file that came and one partner who fetches."""
    folder = tmp_path / "home"
    folder.mkdir()
    with open_home(folder) as desk:
        into = given.connection(desk, "Loyalty", (IN, Method.SFTP, PUSH))
        given.connection(desk, "Ads", (OUT, Method.SFTP, PULL))
        given.file(desk, into, "a.csv", CONTENT, state=FileState.FAILED, reason="It has no rows.")
    return folder


@pytest.fixture
def type_in(home: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Any:
    """Type a command; return its status, its output and its complaints."""

    def typed(*words: str) -> tuple[int, bytes, str]:
        status = cli.main(list(words), Settings(home=home))
        said = capfdbinary.readouterr()
        return status, said.out, said.err.decode()

    return typed


def test_files_are_listed_by_connection_and_state(type_in: Any) -> None:
    status, out, _ = type_in("files", "--json")
    (file,) = json.loads(out)
    assert status == 0
    assert (file["name"], file["connection"], file["direction"]) == ("a.csv", "Loyalty", "inbound")
    assert (file["state"], file["reason"]) == ("failed", "It has no rows.")
    assert (file["size_bytes"], file["rows"]) == (len(CONTENT), {"total": 0, "ok": 0, "errors": 0})
    assert json.loads(type_in("files", "--connection", "Ads", "--json")[1]) == []
    assert json.loads(type_in("files", "--state", "complete", "--json")[1]) == []


def test_a_folder_of_files_is_read_without_a_home_and_says_which_could_not_be(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    # given
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "good.csv").write_text("a;b\n1;2\n3\n")
    words = ["files", "read", str(tmp_path / "in"), str(tmp_path / "out")]
    settings = Settings(home=tmp_path / "home")

    # when
    statuses = [cli.main(words, settings)]
    (tmp_path / "in" / "page.csv").write_text("<html></html>")
    statuses += [cli.main([*words, "--salvage"], settings), cli.main([*words, "--json"], settings)]

    # then
    assert statuses == [0, 1, 1]
    said = capfd.readouterr()
    first, second, listed = said.out.splitlines()
    assert first == "good.csv: 2 records = 1 accepted + 1 rejected"
    assert second == "good.csv: 2 records = 2 accepted + 0 rejected (1 of them mended)"
    assert [item.get("separator") for item in json.loads(listed)] == [";", None]
    assert said.err.splitlines()[0].startswith("The file page.csv is a web page")
    assert said.err.splitlines()[1] == "1 of 2 files could not be read."
    assert (tmp_path / "out" / "good.csv_rejects.csv").read_text().splitlines()[1].startswith("3,rejected,too_few")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("words", "said"), [(("--state", "odd"), "There is no state odd"), (("--connection", "X"), "no connection named X")]
)
def test_what_there_is_not_is_named(type_in: Any, words: tuple[str, ...], said: str) -> None:
    status, _, err = type_in("files", *words)

    assert status == 1
    assert said in err


def test_a_files_content_goes_to_a_pipe_or_a_path_byte_by_byte(type_in: Any, tmp_path: Path) -> None:
    (file,) = json.loads(type_in("files", "--json")[1])

    assert type_in("file", file["trace_id"], "--original") == (0, CONTENT, "")
    status, _, _ = type_in("file", file["id"], "--original", "--to", str(tmp_path / "there.csv"))
    assert status == 0
    assert (tmp_path / "there.csv").read_bytes() == CONTENT
    status, out, err = type_in("file", file["id"], "--receipt")
    assert (status, out, err) == (1, b"", "a.csv has no receipt.\n")


def test_a_file_is_sent_and_waited_for(type_in: Any, home: Path, tmp_path: Path) -> None:
    (tmp_path / "members.csv").write_bytes(CONTENT)

    status, out, err = type_in("send", "Ads", str(tmp_path / "members.csv"), "--wait", "--json")

    file = json.loads(out)
    assert (status, err) == (0, "")
    assert (file["state"], file["direction"], file["run"]) == ("complete", "outbound", 1)
    (there,) = (home / "spool" / "boxes").rglob("outgoing/members.csv")
    assert there.read_bytes() == CONTENT
    assert (tmp_path / "members.csv").exists()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", ["device", "pipe", "folder"])
def test_what_is_no_file_is_refused_at_once_and_fills_no_disk(
    type_in: Any, home: Path, tmp_path: Path, kind: str
) -> None:
    # given: a device that never ends, a pipe that nobody writes to, a folder
    path = tmp_path / "endless.csv"
    if kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    # when
    status, out, err = type_in("send", "Ads", str(path))
    # then
    assert (status, out) == (1, b"")
    assert err in (
        "endless.csv is no file but a pipe or a device; choose a file.\n",
        "endless.csv cannot be read: Is a directory.\n",
    )
    assert not list((home / "spool" / "working").iterdir())


def test_a_file_that_is_too_large_is_refused_before_it_is_copied(type_in: Any, tmp_path: Path) -> None:
    # given: a file of a terabyte that takes no room
    with (tmp_path / "large.csv").open("wb") as file:
        file.truncate(10**12)
    # when
    status, out, err = type_in("send", "Ads", str(tmp_path / "large.csv"))
    # then
    assert (status, out, err) == (1, b"", "large.csv is larger than 20 GB; split it.\n")


@pytest.mark.parametrize(
    ("name", "path", "said"),
    [("Ads", "missing.csv", "cannot be read"), ("Loyalty", "members.csv", "sends none"), ("Ads", "result_a", "rename")],
)
def test_what_cannot_be_sent_is_refused_in_a_sentence(
    type_in: Any, tmp_path: Path, name: str, path: str, said: str
) -> None:
    for given_name in ("members.csv", "result_a"):
        (tmp_path / given_name).write_bytes(CONTENT)

    status, out, err = type_in("send", name, str(tmp_path / path))

    assert (status, out) == (1, b"")
    assert said in err
