"""What an administrator sets in settings.yaml is read whole, and a mistake is named by its place."""

from pathlib import Path

import pytest

from engine.base import installation
from engine.base.errors import GiveUp
from engine.base.installation import Installation


def _written(home: Path, text: str) -> Installation:
    (home / installation.FILE_NAME).write_text(text, encoding="utf-8")
    return installation.load(home)


def test_a_home_without_the_file_has_the_usual_values_all_on_the_loopback(tmp_path: Path) -> None:
    # when
    found = installation.load(tmp_path)
    # then
    assert (found.endpoints.host, found.endpoints.sftp_port, found.endpoints.allow_plain_ftp) == (
        "127.0.0.1",
        2222,
        False,
    )
    assert found.network.allow == ("127.0.0.1", "::1")
    assert found.mail.host == ""


def test_what_the_file_says_wins_and_a_password_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setenv("RELAY_PASSWORD", "canary")
    # when
    found = _written(
        tmp_path,
        "endpoints: {sftp_port: 0, passive_ports: 50000-50099}\n"
        "network: {allow: [10.0.0.0/8], old_sftp_servers: [old.example.org]}\n"
        'mail: {host: mail.example.org, password: "${RELAY_PASSWORD}"}\n',
    )
    # then
    assert found.endpoints.sftp_port == 0
    assert found.network.allow == ("10.0.0.0/8",)
    assert found.mail.password == "canary"
    assert "canary" not in repr(found)


def test_all_three_ports_may_be_free_ones(tmp_path: Path) -> None:
    # when
    found = _written(tmp_path, "endpoints: {sftp_port: 0, ftp_port: 0, smtp_port: 0}\n")
    # then
    assert (found.endpoints.sftp_port, found.endpoints.ftp_port, found.endpoints.smtp_port) == (0, 0, 0)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    # given
    first = _written(tmp_path, "endpoints: {sftp_port: 1}\n")
    # when
    second = _written(tmp_path, "endpoints: {sftp_port: 22222}\n")
    # then
    assert (first.endpoints.sftp_port, second.endpoints.sftp_port) == (1, 22222)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a list", "should be a mapping"),
        ("endpoint: {}", "has endpoint, which is not known there"),
        ("endpoints: {sftp: 22}", "endpoints has sftp, which is not known there"),
        ("endpoints: {sftp_port: '22'}", "endpoints.sftp_port should be a whole number"),
        ("endpoints: {allow_plain_ftp: 1}", "endpoints.allow_plain_ftp should be true or false"),
        ("network: {allow: 10.0.0.0/8}", "network.allow should be a list of texts"),
        ("network: {allow: [everything]}", "network.allow has everything, which is no address"),
        ("mail: {security: ssl}", "mail.security can be starttls, tls or none"),
        ("endpoints: {passive_ports: many}", "two ports such as 50000-50099"),
        ('mail: {password: "${NOT_SET_ANYWHERE}"}', "mail.password names .*NOT_SET_ANYWHERE.*not set"),
        ("endpoints: {sftp_port: 65536}", "endpoints.sftp_port should be a number from 0 to 65535"),
        ("endpoints: {ftp_port: -1}", "endpoints.ftp_port should be a number from 0 to 65535"),
        ("endpoints: {sftp_port: 22, ftp_port: 22}", "endpoints.sftp_port and endpoints.ftp_port are both 22"),
        ("endpoints: {passive_ports: 70000-80000}", "two ports such as 50000-50099"),
        ("endpoints: {passive_ports: 50099-50000}", "the lower one first"),
        ("endpoints: {mail_domain: two words}", "endpoints.mail_domain should be a domain"),
        ("endpoints: {certificate: /a.pem}", "belong together"),
        ("endpoints: {host: ''}", "endpoints.host is empty"),
        ("endpoints: {folder_files_max: 0}", "endpoints.folder_files_max should be 1 or more"),
        ("mail: {host: mail.example.org, port: 0}", "mail.port should be a number from 1 to 65535"),
        ("pages: {address: handoff.example.org}", "pages.address should be an address such as https://"),
        ("a: [", "no YAML that can be read"),
    ],
)
def test_a_mistake_is_named_by_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(GiveUp, match=said):
        _written(tmp_path, text)
