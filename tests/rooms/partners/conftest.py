"""What the tests of the partners room share: the simulator."""

from tests.fakes.partner import simulator

__all__ = ["simulator"]
