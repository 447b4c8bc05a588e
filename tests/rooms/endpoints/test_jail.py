"""One client's tree: nothing outside is touched, and what was accepted is out of the client's reach."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.rooms.endpoints.trees import CONNECTION, Tree, content, listed, mount, put

SECRET = b"secret of another tenant"

_SWAPPER = """
import os, sys
os.chdir(sys.argv[1])
for _ in range(10_000):
    os.rename("d", "e")
    os.symlink(sys.argv[2], "d")
    os.unlink("d")
    os.rename("e", "d")
"""


def _refused(*numbers: int) -> pytest.RaisesExc[OSError]:
    return pytest.RaisesExc(OSError, check=lambda error: error.errno in numbers)


@pytest.mark.fault(4)
def test_links_that_an_operator_planted_are_never_followed(tmp_path: Path) -> None:
    # given links to a file and to a folder outside, in the client's folder and in what waits for it
    tree = Tree(tmp_path)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "s.csv").write_bytes(SECRET)
    jail = tree.jail()
    put(jail, "/own.csv", b"own")
    for root in (tree.incoming, tree.outgoing):
        (root / "file").symlink_to(tmp_path / "secret" / "s.csv")
        (root / "folder").symlink_to(tmp_path / "secret")

    # when the client lists, looks, reads, writes, removes and renames; then none of it goes through
    assert listed(jail) == ["own.csv"]
    for path in ("/file", "/folder", "/folder/s.csv"):
        with _refused(errno.ENOENT, errno.ENOTDIR):
            jail.look(path)
        with _refused(errno.ENOENT, errno.ENOTDIR, errno.EACCES):
            jail.open_reading(path)
        with _refused(errno.ENOENT, errno.ENOTDIR, errno.EACCES):
            jail.open_upload(path, anew=True)
        with _refused(errno.ENOENT, errno.ENOTDIR, errno.EACCES):
            jail.remove(path)
        with _refused(errno.ENOENT, errno.ENOTDIR, errno.EACCES):
            jail.rename(path, "/taken.csv", replace=True)
    assert (tmp_path / "secret" / "s.csv").read_bytes() == SECRET


@pytest.mark.fault(5)
def test_hard_links_that_were_planted_are_refused(tmp_path: Path) -> None:
    # given a hard link to a file outside
    tree = Tree(tmp_path)
    jail = tree.jail()
    put(jail, "/own.csv", b"own")
    (tmp_path / "secret").write_bytes(SECRET)
    (tree.incoming / "linked.csv").hardlink_to(tmp_path / "secret")

    # when the client reads it, writes to it, or goes on with it; then it is refused, and the file is as it was
    assert "linked.csv" not in listed(jail)
    with _refused(errno.ENOENT):
        jail.open_reading("/linked.csv")
    for anew in (True, False):
        with _refused(errno.EACCES):
            jail.open_upload("/linked.csv", anew=anew)
    assert (tmp_path / "secret").read_bytes() == SECRET


@pytest.mark.fault(6)
def test_a_folder_that_is_swapped_for_a_link_is_harmless(tmp_path: Path) -> None:
    # given a folder that is swapped for a link to another tenant's and back, over and over
    tree = Tree(tmp_path)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "s.csv").write_bytes(SECRET)
    jail = tree.jail()
    jail.make_folder("/d")
    (tree.incoming / "d" / "s.csv").write_bytes(b"own")
    swapping = subprocess.Popen([sys.executable, "-c", _SWAPPER, str(tree.incoming), str(tmp_path / "secret")])

    # when the client reads meanwhile
    seen, errnos = set(), set()
    while swapping.poll() is None:
        try:
            seen.add(content(jail, "/d/s.csv"))
        except OSError as error:
            errnos.add(error.errno)

    # then it has seen its own file or nothing
    assert swapping.returncode == 0
    assert seen <= {b"own"}
    assert errnos <= {errno.ENOENT, errno.ENOTDIR, errno.EACCES}
    assert content(jail, "/d/s.csv") == b"own"


@pytest.mark.fault(7)
def test_pipes_and_devices_are_refused_at_once(tmp_path: Path) -> None:
    # given a pipe in the folder, and one where a file waits
    tree = Tree(tmp_path)
    jail = tree.jail()
    os.mkfifo(tree.incoming / "pipe")
    os.mkfifo(tree.outgoing / "waiting")

    # when it is listed, read and written
    assert listed(jail) == []
    for name in ("pipe", "waiting"):
        with _refused(errno.ENOENT, errno.EACCES):
            jail.open_reading(f"/{name}")
    with _refused(errno.EACCES):
        jail.open_upload("/pipe", anew=False)

    # then nothing has waited for somebody at the other end: this line would never be reached
    assert (tree.incoming / "pipe").is_fifo()


@pytest.mark.fault(8)
def test_an_accepted_file_stays_as_it_is_whatever_the_client_does(tmp_path: Path) -> None:
    # given an accepted file
    tree = Tree(tmp_path)
    jail = tree.jail()
    first = put(jail, "/a.csv", b"first")
    assert first is not None

    # when the client renames over it, writes it again, goes on with it, and removes it
    put(jail, "/b.part", b"other")
    with _refused(errno.EEXIST):
        jail.rename("/b.part", "/a.csv", replace=False)
    second = jail.rename("/b.part", "/a.csv", replace=True)
    assert second is not None
    with _refused(errno.EACCES):
        jail.open_upload("/a.csv", anew=False)
    third = put(jail, "/a.csv", b"third")
    assert third is not None
    assert content(jail, "/a.csv") == b"third"
    jail.remove("/a.csv")

    # then each is what it was when it was accepted, and out of sight
    assert [tree.content(landed) for landed in (first, second, third)] == [b"first", b"other", b"third"]
    assert listed(jail) == []
    assert listed(tree.again()) == []


@pytest.mark.fault(9)
def test_an_upload_under_a_temporary_name_is_accepted_once_under_its_final_one(tmp_path: Path) -> None:
    # given x.part, uploaded twice
    tree = Tree(tmp_path)
    jail = tree.jail()
    assert put(jail, "/x.part", b"one") is None
    assert put(jail, "/x.part", b"two and more") is None

    # when it is renamed over another pending file of its own, after a restart
    broken = tree.again().open_upload("/x.csv", anew=True)
    broken.write(0, b"half")
    broken.close(is_proven=False)
    landed = tree.again().rename("/x.part", "/x.csv", replace=True)

    # then there is one file, with the last content
    assert [item.name for item in tree.landed()] == ["x.csv"]
    assert landed is not None
    assert tree.content(landed) == b"two and more"


def test_an_upload_that_was_broken_off_is_not_accepted_by_a_rename(tmp_path: Path) -> None:
    # given an upload that was never closed
    tree = Tree(tmp_path)
    upload = tree.jail().open_upload("/x.part", anew=True)
    upload.write(0, b"half")
    upload.close(is_proven=False)

    # when it is renamed
    jail = tree.jail()
    landed = jail.rename("/x.part", "/x.csv", replace=False)

    # then it is pending still, and can be gone on with
    assert landed is None
    assert tree.landed() == []
    upload = jail.open_upload("/x.csv", anew=False)
    upload.append(b" and half")
    landed = upload.close(is_proven=True)
    assert landed is not None
    assert tree.content(landed) == b"half and half"


@pytest.mark.fault(11)
def test_writing_beyond_the_largest_file_is_refused_without_taking_room(tmp_path: Path) -> None:
    # given an upload
    tree = Tree(tmp_path, mount(file_bytes_max=10**6))
    upload = tree.jail().open_upload("/a.csv", anew=True)
    upload.write(0, b"a")

    # when it writes at one terabyte
    with _refused(errno.EFBIG):
        upload.write(10**12, b"b")

    # then nothing grew, and the file is not accepted
    facts = (tree.incoming / "a.csv").stat()
    assert facts.st_size == 1
    assert facts.st_blocks <= 8
    with _refused(errno.EFBIG):
        upload.close(is_proven=True)
    assert tree.landed() == []


@pytest.mark.fault(12)
def test_a_met_quota_ends_the_upload_and_nobody_elses(tmp_path: Path) -> None:
    # given a folder with room for 1,000 bytes, and another connection's
    tree = Tree(tmp_path, mount(bytes_max=1_000), mount("C2", "/other"))
    jail = tree.jail()
    upload = jail.open_upload("/a.csv", anew=True)
    other = jail.open_upload("/other/b.csv", anew=True)

    # when both write 2,000
    upload.write(0, b"x" * 900)
    other.write(0, b"y" * 2_000)
    with _refused(errno.EDQUOT):
        upload.write(900, b"x" * 1_100)

    # then one failed, and its room is free again; the other is whole
    with _refused(errno.EDQUOT):
        upload.close(is_proven=True)
    assert other.close(is_proven=True) is not None
    assert put(jail, "/c.csv", b"z" * 1_000) is not None
    assert [item.name for item in tree.landed()] == ["b.csv", "c.csv"]


def test_what_the_engine_has_taken_counts_no_more(tmp_path: Path) -> None:
    # given a full folder
    tree = Tree(tmp_path, mount(bytes_max=1_000))
    jail = tree.jail()
    put(jail, "/a.csv", b"x" * 1_000)
    with _refused(errno.EDQUOT):
        put(jail, "/b.csv", b"y")

    # when the engine takes the file
    for path in tree.spool.landed.glob("*.json"):
        path.unlink()

    # then there is room, and the file is still there to see
    assert put(jail, "/b.csv", b"y" * 1_000) is not None
    assert listed(jail) == ["a.csv", "b.csv"]


@pytest.mark.fault(13)
def test_the_file_after_the_last_is_refused_and_listing_stays_quick(tmp_path: Path) -> None:
    # given 1,000 files, some pending, some accepted
    tree = Tree(tmp_path)
    jail = tree.jail()
    for number in range(1_000):
        name = f"/{number}.part" if number % 20 else f"/{number}.csv"
        put(jail, name, b"x")

    # when one more comes
    with _refused(errno.EDQUOT):
        jail.open_upload("/more.csv", anew=True)
    with _refused(errno.EDQUOT):
        jail.make_folder("/more")

    # then a listing shows all of them at once
    began_s = time.process_time()
    assert len(listed(jail)) == 1_000
    assert time.process_time() - began_s < 1.0


def test_a_file_that_another_session_began_anew_is_not_accepted_for_the_first_one(tmp_path: Path) -> None:
    # given two sessions that upload the same name
    tree = Tree(tmp_path)
    slow, quick = tree.jail().open_upload("/a.csv", anew=True), tree.jail().open_upload("/a.csv", anew=True)

    # when both write, and the first one closes
    quick.write(0, b"quick")
    with _refused(errno.ESTALE):
        slow.write(0, b"slow")
    with _refused(errno.ESTALE):
        slow.close(is_proven=True)

    # then the file is the second one's
    landed = quick.close(is_proven=True)
    assert landed is not None
    assert [tree.content(item) for item in tree.landed()] == [b"quick"]


def test_an_accepted_file_under_a_new_name_is_the_same_content_again(tmp_path: Path) -> None:
    # given an accepted file
    tree = Tree(tmp_path)
    jail = tree.jail()
    first = put(jail, "/a.csv", b"rows")
    assert first is not None

    # when the client renames it
    again = jail.rename("/a.csv", "/b.csv", replace=False)

    # then the note says of what it is a copy
    assert again is not None
    assert (again.name, again.renamed_from, again.sha256) == ("b.csv", first.landed_id, first.sha256)
    assert tree.content(again) == b"rows"
    assert listed(jail) == listed(tree.again()) == ["b.csv"]


def test_renaming_accepted_files_again_and_again_does_not_fill_the_disk(tmp_path: Path) -> None:
    # given room for three files, and an accepted one
    tree = Tree(tmp_path, mount(bytes_max=1_000, files_max=3))
    jail = tree.jail()
    put(jail, "/0.csv", b"x" * 400)

    # when the client renames it without end, which makes a copy each time; then the quota ends that
    jail.rename("/0.csv", "/1.csv", replace=False)
    with pytest.raises(OSError, match="quota"):
        jail.rename("/1.csv", "/2.csv", replace=False)
    with pytest.raises(FileNotFoundError):
        jail.rename("/1.csv", "/nowhere/2.csv", replace=False)
    assert listed(jail) == ["1.csv"]
    assert len(tree.landed()) == 2

    # and what the engine takes makes room again
    for note in tree.spool.landed.glob("*.json"):
        note.unlink()
    assert jail.rename("/1.csv", "/2.csv", replace=False) is not None


def test_what_waits_for_the_client_can_be_read_and_not_changed(tmp_path: Path) -> None:
    # given a login that fetches, one connection's folder inside another's
    tree = Tree(tmp_path, mount(), mount("C2", "/results", is_writable=False))
    jail = tree.jail()
    (tree.spool.outgoing("C2") / "r.csv").write_bytes(b"result")
    (tree.spool.outgoing("C2") / ".r2.csv.new").write_bytes(b"half")
    (tree.outgoing / "receipt_a.csv.txt").write_bytes(b"receipt")

    # when it is listed and read; then it is there, and what is being written is not
    assert listed(jail) == ["receipt_a.csv.txt", "results"]
    assert listed(jail, "/results") == ["r.csv"]
    assert content(jail, "/results/r.csv") == b"result"
    assert not jail.look("/results/r.csv").is_writable

    # when it is changed; then that is refused
    for path in ("/results/r.csv", "/results/new.csv", "/results"):
        with _refused(errno.EACCES):
            jail.open_upload(path, anew=True)
    for path in ("/results/r.csv", "/receipt_a.csv.txt", "/results"):
        with _refused(errno.EACCES, errno.EISDIR):
            jail.remove(path)
    with _refused(errno.EACCES):
        jail.make_folder("/results/d")
    with _refused(errno.EACCES, errno.EXDEV):
        jail.rename("/receipt_a.csv.txt", "/x", replace=True)


def test_folders_can_be_made_moved_and_removed_while_nothing_of_ours_lies_in_them(tmp_path: Path) -> None:
    # given folders
    tree = Tree(tmp_path)
    jail = tree.jail()
    jail.make_folder("/a")
    jail.make_folder("/a/b")
    with _refused(errno.EEXIST):
        jail.make_folder("/a")

    # when a file is accepted in one; then that one stays, the others move and go
    landed = put(jail, "/a/b/x.csv", b"x")
    assert landed is not None
    assert (landed.folder, landed.connection_id) == ("/a/b", CONNECTION)
    with _refused(errno.ENOTEMPTY):
        jail.rename("/a", "/c", replace=False)
    with _refused(errno.ENOTEMPTY):
        jail.remove_folder("/a/b")
    jail.remove("/a/b/x.csv")
    jail.rename("/a", "/c", replace=False)
    jail.remove_folder("/c/b")
    assert listed(jail) == ["c"]
