"""The vault: what is sealed opens for its own row, under its own key, and no other way."""

import stat
from pathlib import Path

import pytest

from engine.base.errors import GiveUp, MendCredentials
from engine.security.vault import Vault, open_vault

PURPOSE = "connection:01ABC:password"


def test_what_is_sealed_opens_again_after_a_restart(tmp_path: Path) -> None:
    # given
    path = tmp_path / "master.key"
    sealed = open_vault(path, is_new_home=True).seal(PURPOSE, "s3cret ✓")
    # when
    opened = open_vault(path, is_new_home=False).open(PURPOSE, sealed)
    # then
    assert opened == "s3cret ✓"
    assert "s3cret" not in sealed


def test_the_key_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    # given
    path = tmp_path / "master.key"
    open_vault(path, is_new_home=True)
    first = path.read_bytes()
    # when
    open_vault(path, is_new_home=True)
    # then
    assert path.read_bytes() == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["master.key"]


@pytest.mark.fault(122)
def test_a_start_without_the_key_is_refused_while_secrets_are_sealed_under_it(tmp_path: Path) -> None:
    with pytest.raises(GiveUp, match=r"master\.key is missing, .* put it back from your backup") as refusal:
        open_vault(tmp_path / "master.key", is_new_home=False)
    assert not (tmp_path / "master.key").exists()
    assert "\n" not in str(refusal.value)


@pytest.mark.fault(122)
def test_a_wrong_key_is_named_as_such() -> None:
    # given
    sealed = Vault(b"a" * 32).seal(PURPOSE, "s3cret")
    # when
    with pytest.raises(MendCredentials) as refusal:
        Vault(b"b" * 32).open(PURPOSE, sealed)
    # then
    assert "another master key" in str(refusal.value)


@pytest.mark.parametrize("content", ["", "not hex at all", "ab" * 31])
def test_a_file_that_holds_no_key_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "master.key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(GiveUp, match="holds no master key"):
        open_vault(path, is_new_home=False)


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    open_vault(path, is_new_home=True)
    path.chmod(0o644)
    with pytest.raises(GiveUp, match="chmod 600"):
        open_vault(path, is_new_home=False)


@pytest.mark.fault(123)
def test_a_ciphertext_copied_to_another_row_does_not_open() -> None:
    # given
    vault = Vault(b"k" * 32)
    sealed = vault.seal("connection:01ABC:password", "s3cret")
    # when
    with pytest.raises(MendCredentials) as refusal:
        vault.open("connection:01XYZ:password", sealed)
    # then
    assert str(refusal.value) == (
        "The stored secret of connection:01XYZ:password was changed or belongs to another row; enter it again."
    )


@pytest.mark.parametrize("damage", ["", "v1", "v1:x", "v2:a:b", "v1:{key}:", "v1:{key}:!!!!", "v1:{key}:AAAA"])
def test_a_damaged_ciphertext_is_refused_with_a_sentence(damage: str) -> None:
    vault = Vault(b"k" * 32)
    key_id = vault.seal(PURPOSE, "x").split(":")[1]
    with pytest.raises(MendCredentials, match="enter"):
        vault.open(PURPOSE, damage.format(key=key_id))


@pytest.mark.promise("D11")
def test_neither_key_nor_secret_is_in_what_is_printed_of_them() -> None:
    vault = Vault(b"k" * 32)
    assert "kkkk" not in repr(vault) and repr(vault).startswith("Vault(")
    with pytest.raises(MendCredentials) as refusal:
        vault.open("elsewhere", vault.seal(PURPOSE, "s3cret"))
    assert "s3cret" not in repr(refusal.value) and refusal.value.__cause__ is None
