"""Passwords: hashed with argon2id, and the weak ones refused."""

import pytest

from engine.base.errors import BadInput
from engine.security import passwords


def test_a_password_matches_its_own_hash_alone() -> None:
    # given
    stored = passwords.hash_password("correct horse battery")
    # then
    assert stored.startswith("$argon2id$")
    assert "correct" not in stored
    assert passwords.matches(stored, "correct horse battery")
    assert not passwords.matches(stored, "correct horse batterx")


def test_the_same_password_is_hashed_differently_each_time() -> None:
    assert passwords.hash_password("correct horse battery") != passwords.hash_password("correct horse battery")


def test_for_an_unknown_person_a_hash_is_computed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    verified: list[str] = []
    real = passwords._HASHER.verify

    class Watched:
        hash = staticmethod(passwords._HASHER.hash)

        @staticmethod
        def verify(stored: str, password: bytes) -> bool:
            verified.append(stored)
            return real(stored, password)

    monkeypatch.setattr(passwords, "_HASHER", Watched)
    # when
    answer = passwords.matches(None, passwords._DUMMY_PASSWORD)
    # then
    assert answer is False
    assert len(verified) == 1 and verified[0].startswith("$argon2id$")


def test_a_damaged_hash_matches_nothing() -> None:
    assert not passwords.matches("no hash at all", "correct horse battery")


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("short", "The password needs at least 12 characters."),
        ("x" * 201, "The password can have at most 200 characters."),
        ("abababababab", "The password needs at least 5 different characters."),
        ("I am anavisser!", "The password must not hold your name or e-mail address."),
        ("Visser, still me", "The password must not hold your name or e-mail address."),
    ],
)
def test_a_weak_password_is_refused_with_its_reason(password: str, sentence: str) -> None:
    with pytest.raises(BadInput) as refusal:
        passwords.check_new(password, name="Ana Visser", email="anavisser@example.org")
    assert (str(refusal.value), refusal.value.field) == (sentence, "password")


def test_several_words_are_a_good_password() -> None:
    passwords.check_new("correct horse battery", name="Ana Visser", email="ana@example.org")
