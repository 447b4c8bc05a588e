"""Whatever happens on the way, in the end the partner has exactly who is in, told in order and counted once."""

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.flows import audiences as recomputing
from engine.flows import lifecycle, send_signals
from engine.flows import replay as replaying
from storage.records.deliveries import Answer, Claim
from storage.records.partners import ConfigurationState, SignalKind
from storage.tables import batches, configurations
from tests.fakes.audience import Person, Sender, standing_clock
from tests.fakes.home import open_home

NUMBERS = range(1, 5)
ADDRESSES = ("a@example.org", "b@example.org", "c@example.org", None)
OUTCOMES = ("taken", "refused", "partly", "lost before", "lost after", "limited", "credentials")
FINISH_TURNS_MAX = 100

# Most steps change who is in or go on with a call: only those make interleavings worth looking at.
CHANGE = st.tuples(st.just("change"), st.sampled_from(NUMBERS), st.sampled_from((400, 600)), st.sampled_from(ADDRESSES))
ANSWER = st.tuples(st.just("answer"), st.integers(0, 3), st.sampled_from(OUTCOMES))
STEP = st.one_of(
    CHANGE,
    CHANGE,
    CHANGE,
    CHANGE,
    ANSWER,
    ANSWER,
    st.tuples(st.just("claim")),
    st.tuples(st.just("claim")),
    st.tuples(st.just("go on")),
    st.tuples(st.just("rule"), st.sampled_from((300, 500))),
    st.tuples(st.just("kill"), st.integers(0, 15)),
    st.tuples(st.just("deactivate")),
    st.tuples(st.just("begin to activate")),
    st.tuples(st.just("activate")),
    st.tuples(st.just("activate")),
    st.tuples(st.just("replay")),
)
STEPS = st.lists(STEP, min_size=20, max_size=50)


@dataclass
class Partner:
    """Who is in the list at the partner, and in which wave each was last spoken of."""

    inside: set[str] = field(default_factory=set)
    last_wave: dict[str, str] = field(default_factory=dict)

    def hear(self, claim: Claim, identifiers: list[str]) -> None:
        """Do what a call says."""
        for identifier in identifiers:
            # Requirement G08: nobody is spoken of in an earlier wave than before.
            assert self.last_wave.get(identifier, "") <= claim.batch.wave_id
            self.last_wave[identifier] = claim.batch.wave_id
        if claim.batch.kind is SignalKind.ADD:
            self.inside.update(identifiers)
        else:
            self.inside.difference_update(identifiers)


class World:
    """One audience, one account, and a model of what should be."""

    def __init__(self, sender: Sender) -> None:
        assert sender.time is not None
        self.sender = sender
        self.desk = sender.desk
        self.time = sender.time
        self.partner = Partner()
        self.people: dict[int, Person] = {}
        self.least = 500
        self.on_the_wire: list[Claim] = []
        with self.desk.database.write("dat") as cursor:
            cursor.execute("DELETE FROM dat.profile")
        number = len(sender.sql("SELECT 1 FROM ctl.audience"))
        self.name = f"Audience {number}"
        self.audience_id = sender.audience("spend >= 500", self.name)
        self.configuration_id = sender.configure(f"Account {number}", identifier="EMAIL", batch_size="2")
        self.activation_id = sender.link(self.audience_id, self.configuration_id, "email")

    def do(self, step: tuple[object, ...]) -> None:
        """Do one step; what cannot be done now is no step."""
        {
            "change": self.change,
            "rule": self.rule,
            "claim": self.claim,
            "answer": self.answer,
            "kill": self.kill,
            "go on": self.go_on,
            "deactivate": lambda: self.sender.deactivate(self.configuration_id),
            "begin to activate": self.begin_to_activate,
            "activate": lambda: self.sender.activate(self.configuration_id),
            "replay": self.replay,
        }[str(step[0])](*step[1:])  # type: ignore[operator]  # each takes what its step was drawn with

    @property
    def state(self) -> ConfigurationState:
        with self.desk.database.read() as cursor:
            found = configurations.by_id(cursor, self.configuration_id)
        assert found is not None
        return found.state

    def change(self, number: int, spend: int, email: str | None) -> None:
        self.people[number] = Person(number, spend, email)
        self.sender.put(self.people[number])
        self.recompute()

    def rule(self, least: int) -> None:
        self.least = least
        self.sender.change_rule(self.audience_id, f"spend >= {least}", self.name)

    def recompute(self) -> None:
        recomputing.recompute(self.desk, self.audience_id)
        if self.state is ConfigurationState.ACTIVE:
            told = self.sender.sql(
                f"SELECT identifier FROM dat.told WHERE activation_id = '{self.activation_id}'"  # noqa: S608
            )
            assert len(told) == len(self.wanted())

    def claim(self) -> None:
        held = frozenset(claim.batch.batch_id for claim in self.on_the_wire)
        found = send_signals.claim(self.desk, "owner", held)
        self.on_the_wire += [claim for claim in found if send_signals.prepare(self.desk, claim) is not None]

    def answer(self, place: int, outcome: str) -> None:
        if not self.on_the_wire:
            return
        claim = self.on_the_wire.pop(place % len(self.on_the_wire))
        said = self.identifiers(claim)
        size = claim.batch.size
        if outcome in {"taken", "lost after"}:
            self.partner.hear(claim, said)
        elif outcome == "partly":
            self.partner.hear(claim, said[1:])
        answers = {
            "taken": Answer(200, taken(size, []), 5),
            "refused": Answer(400, error(100), 5),
            "partly": Answer(200, taken(size, said[:1]), 5),
            "lost before": Answer(None, "", 5, fault="Cut."),
            "lost after": Answer(None, "", 3000, fault="No whole answer.", is_timeout=True),
            "limited": Answer(429, error(17), 5, retry_after="2"),
            "credentials": Answer(401, error(190), 5),
        }
        assert send_signals.settle(self.desk, claim, answers[outcome]) is not None

    def kill(self, done: int) -> None:
        """End the process: of the calls that are out, the bits of done say which the partner did."""
        for place, claim in enumerate(self.on_the_wire):
            if done >> place & 1:
                self.partner.hear(claim, self.identifiers(claim))
        self.on_the_wire.clear()
        send_signals.take_back(self.desk)

    def go_on(self) -> None:
        """Wait for the next try, and take all calls that are due by then."""
        self.wait()
        self.claim()
        while self.on_the_wire:
            self.answer(0, "taken")

    def wait(self) -> None:
        with self.desk.database.read() as cursor:
            at = batches.next_try(cursor)
        self.time.now = max(self.time.now, at or self.time.now)

    def begin_to_activate(self) -> None:
        """Activate, but be killed before the step that makes it active."""
        lifecycle._take_back(self.desk, self.configuration_id)

    def replay(self) -> None:
        if self.state is ConfigurationState.ACTIVE:
            replaying.replay(
                self.desk, [failure.failure_id for failure in self.failures() if not failure.is_replayed], ""
            )

    def finish(self) -> None:
        """Let all faults be over, and all that is left be sent."""
        self.kill(random.Random(len(self.people)).randrange(16))
        self.recompute()
        self.sender.activate(self.configuration_id)
        self.settle_all()
        self.replay()
        self.settle_all()

    def settle_all(self) -> None:
        for _ in range(FINISH_TURNS_MAX):
            self.claim()
            if not self.on_the_wire:
                with self.desk.database.read() as cursor:
                    if batches.next_try(cursor) is None:
                        return
                self.wait()
            while self.on_the_wire:
                self.answer(0, "taken")
        raise AssertionError("something waits for ever")

    def identifiers(self, claim: Claim) -> list[str]:
        with self.desk.database.read() as cursor:
            return sorted(batches.identifiers_of(cursor, claim.batch.batch_id))

    def failures(self) -> list:  # type: ignore[type-arg]  # as Sender has them
        return [one for one in self.sender.failures() if one.configuration_id == self.configuration_id]

    def wanted(self) -> set[str]:
        return {one.email for one in self.people.values() if one.email and one.spend >= self.least}


def taken(size: int, invalid: list[str]) -> str:
    samples = dict.fromkeys(invalid, "invalid")
    counts = {"num_received": size, "num_invalid_entries": len(invalid), "invalid_entry_samples": samples}
    return json.dumps({"audience_id": "123", "session_id": "1", **counts})


def hashed(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()


def error(code: int) -> str:
    return json.dumps({"error": {"message": "no", "type": "OAuthException", "code": code, "fbtrace_id": "x"}})


@pytest.fixture(scope="module")
def sender(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sender]:
    """One home for all examples, each of which has an audience and an account of its own."""
    with standing_clock() as time, open_home(tmp_path_factory.mktemp("home")) as desk:
        yield Sender(desk, time=time)


@pytest.mark.promise("G08")
@pytest.mark.fault(108)
@settings(max_examples=15)
@given(steps=STEPS)
def test_in_the_end_the_partner_has_who_is_in_told_in_order_and_counted_once(
    sender: Sender, steps: list[tuple[object, ...]]
) -> None:
    holds_in_the_end(sender, steps)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@settings(max_examples=1000)
@given(steps=STEPS)
def test_the_same_for_many_more_sequences(sender: Sender, steps: list[tuple[object, ...]]) -> None:
    holds_in_the_end(sender, steps)


def holds_in_the_end(sender: Sender, steps: list[tuple[object, ...]]) -> None:
    # given
    world = World(sender)
    # when
    for step in steps:
        world.do(step)
    world.finish()
    # then
    assert world.partner.inside == {hashed(address) for address in world.wanted()}
    # and each message of a batch that was answered is counted once
    [[ended, waiting]] = sender.sql(
        f"""SELECT coalesce(sum(size) FILTER (state = 'sent' OR state = 'failed'), 0)::BIGINT,
        count(*) FILTER (state IN ('waiting', 'calling', 'held'))
        FROM ctl.batch WHERE configuration_id = '{world.configuration_id}'"""  # noqa: S608
    )
    assert sum(sender.counts(world.configuration_id).values()) == ended
    assert waiting == 0
