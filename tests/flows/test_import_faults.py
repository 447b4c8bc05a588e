"""What must happen when a file, a server or the disk is bad: one sentence, nothing lost, nothing half-applied."""

import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

from engine.base.settings import Settings
from engine.service import Home
from tests.fakes.cutting_proxy import CuttingProxy
from tests.fakes.openssh import OpenSSH
from tests.fakes.programs import require
from tests.fakes.shop import Shop, balanced

HEADER = "id,name,points\n"


def rows(first: int, last: int) -> list[str]:
    """Return good rows as lines, by id."""
    return [f"{number:08d},name {number},1\n" for number in range(first, last)]


def failed(run: dict[str, object], category: str) -> str:
    """Check that a run failed in this category and changed nothing; return its sentence."""
    error = run["error"]
    assert isinstance(error, dict)
    assert run["state"] == "failed"
    assert error["category"] == category, error
    assert run["profiles"] == {"created": 0, "updated": 0}
    return str(error["sentence"])


def test_a_wrong_password_fails_the_run_and_says_whose(shop: Shop) -> None:
    # given
    shop.write("a.csv", HEADER + "1,Ana,5\n")
    shop.apply(password="not the password")
    # when
    run = shop.run()
    # then
    sentence = failed(run, "credentials")
    assert "password" in sentence
    assert shop.count() == 0


@pytest.mark.fault(59)
@pytest.mark.promise("T14")
def test_a_changed_host_key_pauses_the_connection_and_no_credential_is_sent(shop: Shop) -> None:
    # given
    shop.write("a.csv", HEADER + "1,Ana,5\n")
    shop.apply()
    assert shop.run()["state"] == "completed"
    old = shop.server.fingerprint
    shop.server.stop()
    shop.server.change_host_key()
    shop.server.start()
    tries_before = len(shop.server.auth_attempts())
    # when
    run = shop.run()
    # then
    sentence = failed(run, "host_key")
    assert old in sentence
    assert shop.server.fingerprint in sentence
    assert len(shop.server.auth_attempts()) == tries_before
    assert shop.sql("SELECT state FROM ctl.connection") == [("paused",)]


def test_a_missing_folder_is_named(shop: Shop) -> None:
    # given
    shop.apply(folder="/no/such/folder")
    # when
    run = shop.run()
    # then
    assert "/no/such/folder" in failed(run, "folder")


def test_a_server_gone_in_mid_file_changes_nothing_and_the_next_run_takes_the_file_whole(shop: Shop) -> None:
    # given: 2 MB of which each connection, however often it is opened again, brings 100 kB
    content = HEADER + "".join(rows(1, 100_001))
    shop.write("a.csv", content)
    with CuttingProxy(shop.server.port, cut_after_bytes=100_000) as proxy:
        shop.apply(port=proxy.port)
        # when
        run = shop.run()
    # then
    failed(run, "network")
    assert shop.count() == 0
    assert not list((shop.desk.spool.root / "working").iterdir())
    # and when the server is back
    shop.apply()
    again = shop.run()
    # then
    assert again["rows"]["applied"] == again["rows"]["read"] == 100_000
    assert shop.count() == 100_000


@pytest.mark.fault(77)
@pytest.mark.promise("Z06")
def test_an_open_quote_in_the_middle_of_60_000_rows_costs_one_row(shop: Shop) -> None:
    # given
    lines = rows(1, 60_001)
    lines[30_000] = '00030001,"name 30001,1\n'
    shop.write("a.csv", HEADER + "".join(lines))
    shop.apply()
    # when
    run = shop.run()
    # then
    assert run["state"] == "completed"
    assert run["rows"] == {"read": 60_000, "applied": 59_999, "unchanged": 0, "skipped": {}, "rejected": 1}
    [reject] = shop.rejects(run)
    assert (reject["line"], reject["reason"]) == (30_002, "quote_not_closed")
    assert reject["raw"].startswith('00030001,"name 30001')


@pytest.mark.fault(78)
def test_ragged_rows_are_rejected_by_line_and_the_others_loaded(shop: Shop) -> None:
    # given: too few columns early, too many late
    lines = rows(1, 1_001)
    lines[1] = "00000002,name 2\n"
    lines[998] = "00000999,name 999,1,more\n"
    shop.write("a.csv", HEADER + "".join(lines))
    shop.apply()
    # when
    run = shop.run()
    # then
    assert run["rows"] == {"read": 1_000, "applied": 998, "unchanged": 0, "skipped": {}, "rejected": 2}
    assert [(item["line"], item["reason"]) for item in shop.rejects(run)] == [
        (3, "too_few_columns"),
        (1_000, "too_many_columns"),
    ]


@pytest.mark.fault(75)
def test_an_html_page_named_csv_is_refused(shop: Shop) -> None:
    # given
    shop.write("a.csv", "<!DOCTYPE html>\n<html><body>\n<h1>Error 500, sorry</h1>\n</body></html>\n")
    shop.apply()
    # when
    run = shop.run()
    # then
    assert "a.csv" in failed(run, "format")
    assert run["rows"]["read"] == 0


@pytest.mark.fault(74)
@pytest.mark.parametrize("content", ["", "\n\n", "id,name,points\n", "\x00\x00\x00\x00"])
def test_a_file_without_data_is_no_success(shop: Shop, content: str) -> None:
    # given
    shop.write("a.csv", HEADER + "1,Ana,5\n")
    shop.apply()
    shop.run()
    shop.write("a.csv", content)
    # when
    run = shop.run()
    # then
    assert "a.csv" in failed(run, "format")
    assert shop.profile("1")["points"] == 5


@pytest.mark.fault(76)
@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16-le", "utf-16-be", "utf-16", "utf-8-sig"])
def test_other_encodings_give_the_rows_of_the_utf_8_original(shop: Shop, encoding: str) -> None:
    # given
    text = HEADER + "".join(f"{number},Zoë Müller {number},1\n" for number in range(1, 301))
    shop.write("a.csv", text.encode(encoding))
    shop.apply()
    # when
    run = shop.run()
    # then
    assert run["rows"]["applied"] == 300
    assert shop.profile("300")["name"] == "Zoë Müller 300"


@pytest.mark.fault(85)
def test_leading_zeros_after_30_000_rows_are_kept(shop: Shop) -> None:
    # given: ids that look like numbers, until one has zeros that a number would lose
    lines = [f"{number},n,1\n" for number in range(100_000, 130_000)] + ["00501,zeros,1\n", "501,none,1\n"]
    shop.write("a.csv", HEADER + "".join(lines))
    shop.apply()
    # when
    run = shop.run()
    # then
    assert run["profiles"]["created"] == 30_002
    assert (shop.profile("00501")["name"], shop.profile("501")["name"]) == ("zeros", "none")


@pytest.mark.fault(79)
@pytest.mark.fault(35)
def test_a_reordered_header_is_read_by_name_and_its_rows_are_known(shop: Shop) -> None:
    # given
    shop.write("a.csv", "id,name,points\n1,Ana,5\n2,Ben,7\n")
    shop.apply()
    shop.run()
    shop.write("a.csv", "points,id,name\n5,1,Ana\n7,2,Ben\n9,3,Cas\n")
    # when
    run = shop.run()
    # then: nothing swapped, and the sums of the two rows did not run again
    assert run["rows"] == {"read": 3, "applied": 1, "unchanged": 2, "skipped": {}, "rejected": 0}
    assert shop.profile("1") == {"customer_id": "1", "name": "Ana", "points": 5}


@pytest.mark.fault(80)
def test_a_missing_column_stops_the_file_and_shifts_nothing(shop: Shop) -> None:
    # given
    shop.write("a.csv", "id,name,points\n1,Ana,5\n")
    shop.apply()
    shop.run()
    shop.write("a.csv", "id,points\n1,9\n")
    # when
    run = shop.run()
    # then
    assert "no column name" in failed(run, "format")
    assert shop.profile("1")["points"] == 5


@pytest.mark.fault(84)
def test_a_value_of_another_type_rejects_its_row_alone(shop: Shop) -> None:
    # given
    lines = rows(1, 5_001)
    lines[4_000] = "00004001,name 4001,11.7O\n"
    shop.write("a.csv", HEADER + "".join(lines))
    shop.apply()
    # when
    run = shop.run()
    # then
    assert run["rows"]["rejected"] == 1
    [reject] = shop.rejects(run)
    found = {name: reject[name] for name in ("file", "line", "column", "value", "reason")}
    assert found == {
        "file": "a.csv",
        "line": 4_002,
        "column": "points",
        "value": "11.7O",
        "reason": "not_an_integer",
    }
    assert balanced(run)


def test_a_row_rejected_once_and_mended_in_place_is_summed_once(shop: Shop) -> None:
    # given
    shop.write("a.csv", HEADER + "1,Ana,5\n1,Ana,seven\n")
    shop.apply()
    first = shop.run()
    shop.write("a.csv", HEADER + "1,Ana,5\n1,Ana,7\n")
    # when
    second = shop.run()
    # then
    assert (first["rows"]["applied"], first["rows"]["rejected"]) == (1, 1)
    assert (second["rows"]["applied"], second["rows"]["unchanged"]) == (1, 1)
    assert shop.profile("1")["points"] == Decimal(12)


@pytest.mark.fault(38)
def test_a_full_disk_in_the_spool_fails_the_run_and_the_next_one_recovers(tmp_path: Path, sftp_server: OpenSSH) -> None:
    # given: a spool on a disk of 3 MB, and a file of 6 MB
    home = tmp_path / "home"
    (home / "spool").mkdir(parents=True)
    subprocess.run([require("mount"), "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(home / "spool")], check=True)
    try:
        opened = Home(Settings(home=home))
        shop = Shop(opened.desk, sftp_server)
        shop.write("a.csv", HEADER + "".join(rows(1, 300_001)))
        shop.apply()
        # when
        run = shop.run()
        # then
        assert "full" in failed(run, "storage")
        assert shop.count() == 0
        # and when the file is one that fits
        shop.write("a.csv", HEADER + "".join(rows(1, 1_001)))
        again = shop.run()
        # then the engine recovered alone
        assert again["rows"]["applied"] == 1_000
        opened.close()
    finally:
        subprocess.run([require("umount"), "--lazy", str(home / "spool")], check=True)
