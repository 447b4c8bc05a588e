"""The service is killed with -9 in the midst of sending: nothing is lost, and repeated is only what was on the wire."""

import random
from pathlib import Path

import pytest

from engine.base import limits
from engine.flows import audiences as recomputing
from tests.fakes.audience import Person, Sender, ids_of
from tests.fakes.home import open_home
from tests.fakes.partner import SimulatorProcess
from tests.fakes.service import ServiceProcess, wait_until

BATCH = 5
ENTER, LEAVE = 120, 60
"""Who enters and who leaves in each round; nobody comes back, so that what arrives twice was sent twice."""
CALLS = (ENTER + LEAVE) // BATCH


class World:
    """An audience whose people change from round to round, a partner that answers slowly, and the service."""

    def __init__(self, home: Path, partner: SimulatorProcess) -> None:
        self.home = home
        self.partner = partner
        self.service = ServiceProcess(home)
        self.rounds = 0
        home.mkdir()
        with open_home(home) as desk:
            sender = Sender(desk, partner.base_url())
            self.audience_id, _ = sender.linked(batch_size=str(BATCH))

    def change(self) -> None:
        """Let people enter and leave, and write what the partner is owed; the service must not be running."""
        first = 1 + self.rounds * ENTER
        with open_home(self.home) as desk:
            sender = Sender(desk, self.partner.base_url())
            sender.put_many(ENTER, first)
            if self.rounds:
                sender.put(*(Person(number, 10) for number in range(first - ENTER, first - ENTER + LEAVE)))
            recomputing.recompute(desk, self.audience_id)
        self.rounds += 1

    def wanted(self) -> set[str]:
        """Return who is in: the last round's, and of each one before those that did not leave."""
        last = (self.rounds - 1) * ENTER
        return ids_of(
            number for number in range(1, self.rounds * ENTER + 1) if number > last or (number - 1) % ENTER >= LEAVE
        )

    def count(self) -> int:
        """Return how many calls the partner has had."""
        return int(self.partner.requests()["count"])

    def counts(self) -> dict[str, int]:
        """Return the messages by category; the service must not be running."""
        with open_home(self.home) as desk:
            return Sender(desk).counts()

    def calling(self) -> int:
        """Return how many profiles stand in calls that have no answer; the service must not be running."""
        with open_home(self.home) as desk:
            [[found]] = Sender(desk).sql("SELECT coalesce(sum(size), 0)::BIGINT FROM ctl.batch WHERE state = 'calling'")
        return int(found)

    def waits(self) -> bool:
        """Say whether the running service has something left to send."""
        said = self.service.ask("stats", days=30)
        return any(line["category"] == "waiting" for line in said)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kills", [5, pytest.param(20, marks=pytest.mark.soak)])
def test_killed_at_random_moments_of_a_dispatch_nothing_is_lost_and_only_what_was_on_the_wire_is_repeated(
    tmp_path: Path, kills: int
) -> None:
    chance = random.Random(20261121)
    with SimulatorProcess() as partner:
        # given: calls that take a while, so that most kills fall into some
        partner.set_faults({"kind": "slow", "delay_s": 0.05})
        world = World(tmp_path / "home", partner)
        on_the_wire = 0
        for kill in range(kills):
            world.change()
            began = world.count()
            world.service.start()
            # when: the moments are spread over the dispatch
            after = began + CALLS * kill // kills + chance.randrange(1, 4)
            wait_until(lambda after=after: world.count() >= after, 60, pause_s=0.005)  # type: ignore[misc]
            world.service.kill()
            out = world.calling()
            on_the_wire += out
            assert out <= limits.CALLS_AT_ONCE_MAX * BATCH
        # then: started once more, it brings all to its end
        with world.service:
            wait_until(lambda: not world.waits(), 120)
        assert set(partner.audiences()["123"]) == world.wanted()
        arrived = partner.requests()
        repeats = sum(sum(times.values()) for times in arrived["repeats"].values())
        assert repeats <= on_the_wire
        assert on_the_wire > 0
        # and each message is counted once
        assert world.counts() == {"sent": kills * ENTER, "removed": (kills - 1) * LEAVE}
