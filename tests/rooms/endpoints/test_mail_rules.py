"""What holds for a mail whoever serves it: its dots, and whether its sender may send."""

import random

import pytest

from engine.endpoints.mail_rules import Dots, judge
from storage.records.boxes import LandedState
from tests.fakes.hosted import mailbox


@pytest.mark.parametrize("seed", range(30))
def test_a_mail_is_the_same_however_its_bytes_come_in_blocks(seed: int) -> None:
    # given
    chance = random.Random(seed)
    mail = b"".join(chance.choice([b".", b"..", b"\r\n", b"\n", b"\r", b"a", b"\r\n.", b"."]) for _ in range(400))
    mail += b"\r\n"
    sent = b"\r\n" + (b"." + mail if mail.startswith(b".") else mail).replace(b"\r\n.", b"\r\n..")
    ends = sorted(chance.sample(range(2, len(sent)), 40))
    # when
    dots = Dots()
    blocks = [sent[start:end] for start, end in zip([0, *ends], [*ends, len(sent)], strict=True)]
    found = b"".join([*(dots.undone(block) for block in blocks), dots.rest()])
    # then
    assert found == mail


def test_an_empty_mail_stays_empty() -> None:
    # given
    dots = Dots()
    # when
    found = dots.undone(b"\r\n") + dots.rest()
    # then
    assert found == b""


@pytest.mark.parametrize(
    ("allowed", "sender", "state"),
    [
        ((), "anybody@example.com", LandedState.WHOLE),
        (("data@shop.example",), "Data@Shop.example", LandedState.WHOLE),
        (("data@shop.example",), "data@shop.example.evil.com", LandedState.QUARANTINED),
        (("@shop.example",), "x@shop.example", LandedState.WHOLE),
        (("@shop.example",), "x@notshop.example", LandedState.QUARANTINED),
        (("@shop.example",), "x@sub.shop.example", LandedState.QUARANTINED),
        (("data@shop.example", "@other.example"), "y@OTHER.example", LandedState.WHOLE),
    ],
)
def test_a_sender_is_allowed_by_address_or_by_domain(allowed: tuple[str, ...], sender: str, state: LandedState) -> None:
    # when
    found, reason = judge(sender, mailbox("in-x", *allowed))
    # then
    assert found is state
    assert bool(reason) is (state is LandedState.QUARANTINED)
