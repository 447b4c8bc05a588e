"""What a machine lacks is named: by the set-up, and by the tests that need it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import conftest
from tests.fakes import programs
from tests.tidy.sources import ROOT

_SCRIPT = ROOT / "tests" / "setup_machine.sh"


def _folder_with(tmp_path: Path, *names: str) -> str:
    """Make a PATH of one folder that holds only these of the system's programs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in names:
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    return str(folder)


def test_a_missing_program_fails_the_test_with_its_name_and_the_way_to_install_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # given a machine without Chromium
    monkeypatch.setenv("PATH", str(tmp_path))

    # when a test asks for it, then the test fails by name
    with pytest.raises(pytest.fail.Exception, match=r"^chromium is not installed: make setup installs chromium$"):
        programs.require("chromium")


def test_a_present_program_is_found_by_its_absolute_path() -> None:
    assert Path(programs.require("sh")).is_absolute()


def test_set_up_names_what_it_could_not_install_and_goes_on(tmp_path: Path) -> None:
    # given a machine that has neither the programs nor apt-get; sbin is searched too, so sshd may be there
    path = _folder_with(tmp_path, "id")

    # when it is set up
    done = _set_up(path)

    # then the missing packages are named and make may go on
    assert done.returncode == 0
    assert "Not installed: chromium (there is no apt-get here)." in done.stdout
    assert "Not installed: openssh-client (there is no apt-get here)." in done.stdout


def test_set_up_refreshes_the_package_lists_only_where_installing_fails_and_tries_each_by_itself(
    tmp_path: Path,
) -> None:
    # given root on a machine whose apt-get can install nothing
    path = _folder_with(tmp_path)
    asked = tmp_path / "asked"
    _program(path, "id", "echo 0")
    _program(path, "apt-get", f'echo "$1" >> {asked}; exit 1')

    # when it is set up
    done = _set_up(path)

    # then the lists are refreshed once, after one try at all, and what stays missing is named
    tries = asked.read_text().split()
    assert tries[:2] == ["install", "update"]
    assert set(tries[2:]) == {"install"}
    assert "Not installed: chromium (apt-get could not install it)." in done.stdout
    assert done.returncode == 0


def test_set_up_asks_for_nothing_where_nothing_is_missing(tmp_path: Path) -> None:
    # given a machine that has it all
    path = _folder_with(tmp_path)
    for name in programs.PACKAGES:
        _program(path, name, "exit 0")

    # when it is set up, then there is nothing to say
    done = _set_up(path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def _program(folder: str, name: str, script: str) -> None:
    path = Path(folder) / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def _set_up(path: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [shutil.which("sh") or "sh", str(_SCRIPT)],
        env={"PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("given", [None, "nowhere"])
def test_real_data_that_is_not_there_leaves_the_test_out_and_the_end_of_the_run_counts_it(
    tmp_path: Path, given: str | None
) -> None:
    # given two tests that ask for the real data, where there is none
    (tmp_path / "test_two.py").write_text(
        "from tests.conftest import *\ndef test_one(data_folder): pass\ndef test_two(data_folder): pass\n"
    )
    environment = {key: value for key, value in os.environ.items() if key != "HANDOFF_DATA"}
    if given is not None:
        environment["HANDOFF_DATA"] = str(tmp_path / given)

    # when they run
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    # then both are left out, and the closing lines say so
    assert done.returncode == 0, done.stdout
    assert f"2 tests were {conftest.LEFT_OUT}" in done.stdout
