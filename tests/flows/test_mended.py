"""The way back of a mended errors file: by its name or by a person's hand, read once, joined with the run it mends."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.base import errors
from engine.flows import intake
from engine.flows.desk import Desk
from storage.records.exchange import ERRORS_COLUMNS, FileState
from storage.records.goals import FileFormat
from storage.records.runs import RunState
from tests.fakes.home import open_home
from tests.fakes.pushed import HEADER, Pushed, answers_of

BAD = HEADER + "1,Ana,5\n2,Ben,many\n3,Cas,x\n"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An open home without a service."""
    with open_home(tmp_path) as opened:
        yield opened


@pytest.fixture
def pushed(desk: Desk) -> Pushed:
    """A connection that partners push to."""
    return Pushed(desk)


def errors_file(pushed: Pushed, file_id: str) -> str:
    """Return the errors file of a file as text."""
    return gzip.decompress(answers_of(pushed.desk, file_id)["errors"]).decode()


def mended(text: str) -> bytes:
    """Return the errors file with its numbers corrected, packed as it came."""
    return gzip.compress(corrected(text), mtime=0)


def corrected(text: str) -> bytes:
    """Return the errors file with its numbers corrected."""
    return text.replace("Ben,many", "Ben,7").replace("Cas,x", "Cas,1").encode()


def points(pushed: Pushed) -> dict[str, int]:
    """Return the points of each customer."""
    return dict(pushed.sql("SELECT customer_id, points FROM dat.profile ORDER BY 1"))


@pytest.mark.promise("R03")
@pytest.mark.parametrize("has_header", [True, False])
def test_a_corrected_errors_file_imports_as_it_is_and_knows_the_run_that_it_mends(
    pushed: Pushed, *, has_header: bool
) -> None:
    # given: a file of which two rows were rejected
    if not has_header:
        names = {"id": "column_1", "name": "column_2", "points": "column_3"}
        pushed.save(
            format=FileFormat(",", header=False),
            identifiers=tuple(type(link)(names[link.field], link.property) for link in pushed.goal.identifiers),
            mappings=tuple(
                type(item)(names[item.field], item.property, item.type, item.strategy) for item in pushed.goal.mappings
            ),
        )
    first = pushed.land("a.csv", BAD if has_header else BAD.removeprefix(HEADER))
    run = pushed.run()
    text = errors_file(pushed, first)
    # when: the columns of ours are left in it
    back = pushed.land("mended_a.csv", mended(text))
    second = pushed.run()
    # then
    assert text.count("\n") == (3 if has_header else 2)
    assert (ERRORS_COLUMNS[0] in text) is has_header
    assert (second.state, second.counts.applied, second.counts.rejected) == (RunState.COMPLETED, 2, 0)
    assert points(pushed) == {"1": 5, "2": 7, "3": 1}
    assert pushed.file(back).mends_run_id == run.run_id
    # and the same once more changes nothing, packed or not
    pushed.land("mended_a.csv", mended(text))
    assert pushed.run().counts.files_unchanged == 1
    pushed.land("mended_a.csv", corrected(text))
    assert pushed.run().counts.unchanged == 2
    assert points(pushed) == {"1": 5, "2": 7, "3": 1}


def test_rows_mended_for_another_run_count_although_they_are_alike(pushed: Pushed) -> None:
    # given: the same row was rejected on two days, in a file of the same name
    texts = []
    for day in ("1,Ana,5\n", "1,Ana,6\n"):
        landed = pushed.land("a.csv", HEADER + day + "2,Ben,many\n")
        pushed.run()
        texts.append(errors_file(pushed, landed))
    # when: both come back mended, the first of them twice
    for content in (mended(texts[0]), mended(texts[1]), corrected(texts[0])):
        pushed.land("mended_a.csv", content)
        pushed.run()
    # then: two purchases, not one and not three
    assert points(pushed) == {"1": 11, "2": 14}


@pytest.mark.promise("R03")
def test_a_person_hands_a_mended_file_in_under_any_name(pushed: Pushed) -> None:
    # given
    first = pushed.land("a.csv", BAD)
    run = pushed.run()
    content = pushed.desk.spool.work_folder("upload") / "data"
    content.write_bytes(mended(errors_file(pushed, first)))
    # when
    file_id = intake.hand_in(pushed.desk, pushed.connection.connection_id, "corrected.xyz", content, run.run_id)
    queued = pushed.file(file_id)
    pushed.run()
    # then
    assert (queued.name, queued.state, queued.mends_run_id) == ("mended_a.csv", FileState.QUEUED, run.run_id)
    assert pushed.file(file_id).state is FileState.COMPLETE
    assert points(pushed) == {"1": 5, "2": 7, "3": 1}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("result_a.csv", "mended_"), ("other.txt", "does not match"), ("receipt_a", "our own answers")],
)
def test_a_name_that_is_not_read_is_refused_when_it_is_handed_in(pushed: Pushed, name: str, sentence: str) -> None:
    # given
    content = pushed.desk.spool.work_folder("upload") / "data"
    content.write_text(BAD)
    # when, then
    with pytest.raises(errors.BadInput, match=sentence):
        intake.hand_in(pushed.desk, pushed.connection.connection_id, name, content, None)
    assert pushed.files() == []
    assert content.exists()
