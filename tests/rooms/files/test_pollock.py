"""The Pollock benchmark of damaged files: nothing is unaccounted for, and salvaged tables are close to the intended."""

import re
from pathlib import Path

import pytest

from tests.bench import pollock

_FEW = re.compile(r"(file|source).*|row_\w+?_(row|quote|delimiter_)?(0|37)_(col[38]|0x20)\.csv")
_ALL = re.compile(".*")


@pytest.fixture(scope="module", params=[_FEW, pytest.param(_ALL, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])])
def files(request: pytest.FixtureRequest, data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files, and what they should be read as."""
    wanted = request.param
    return pollock.unpack(data_folder, tmp_path_factory.mktemp("pollock"), lambda name: bool(wanted.fullmatch(name)))


def test_each_line_of_each_file_is_accepted_or_rejected(files: Path, tmp_path: Path) -> None:
    found = pollock.read(files, tmp_path, salvages=False)

    assert len(found) > 20
    for outcome in found:
        reading = outcome.reading
        assert reading is not None, outcome.sentence
        # none of these files has a record of several lines
        lines = re.split(r"\r\n|\r|\n", (files / "csv" / outcome.name).read_text("utf-8"))
        records = sum(bool(line.strip()) for line in lines[reading.preamble_lines :]) - reading.header_lines
        assert reading.accepted + reading.rejected == reading.records == records, outcome.name
        assert reading.mended == 0


def test_salvaged_tables_reach_the_aim(files: Path, data_folder: Path, tmp_path: Path) -> None:
    pollock.read(files, tmp_path, salvages=True)

    simple, weighted, _ = pollock.score(data_folder, files, tmp_path)

    # the few of the quick test are the hardest kinds, most of them in it once
    assert simple >= (9.9 if len(list((files / "csv").iterdir())) > 2_000 else 9.6)
    assert weighted >= 9.6
