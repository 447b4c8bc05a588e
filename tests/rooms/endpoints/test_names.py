"""Names and paths of clients."""

import pytest

from engine.endpoints import names


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", ()),
        ("/", ()),
        ("a.csv", ("a.csv",)),
        ("//a//b/", ("a", "b")),
        ("/./a/./b", ("a", "b")),
        ("/a/../b", ("b",)),
        ("../../../etc/passwd", ("etc", "passwd")),
        ("/..", ()),
        ("/./..", ()),
    ],
)
def test_paths_end_at_the_root(path: str, expected: tuple[str, ...]) -> None:
    # given a path of a client; when it is split
    found = names.split(path)

    # then nothing leads above the root
    assert found == expected


@pytest.mark.parametrize(
    "name", ["a\nb", "a\0b", "\x07", "a\x7f", "\x9b31m", "x" * 256, "é" * 128, "caf\udce9", "..", ".", "", "a/b"]
)
def test_names_that_no_file_may_have_are_refused(name: str) -> None:
    # given an odd name; when it is checked; then it is refused, and its words do not repeat it
    with pytest.raises(names.BadName) as refused:
        names.check(name)
    assert not name.strip(".") or name not in str(refused.value)


@pytest.mark.parametrize(
    "name", ["x" * 255, "<b>&'\"", "=1+1", "a\u202eb", "\U0001f600", "a b", "ä.csv", "-rf", "a\\b"]
)
def test_strange_names_are_only_data(name: str) -> None:
    # given a name that is odd for people alone; when it is checked; then it is taken
    names.check(name)


@pytest.mark.parametrize(
    "name", [".in.a.csv", "a.csv.part", "a.csv.filepart", "a.PART", "a.tmp", "a.csv.1f2e3d4c.partial", ".a.swp", "a~"]
)
def test_names_of_uploads_that_go_on_are_known(name: str) -> None:
    # given what clients call an unfinished upload; when it is asked; then it is temporary
    assert names.is_temporary(name)


@pytest.mark.parametrize("name", ["a.csv", "part.csv", "tmp", "a.part.csv", "in.a.csv"])
def test_names_that_only_look_like_it_are_final(name: str) -> None:
    # given an ordinary name; when it is asked; then it is final
    assert not names.is_temporary(name)
