"""A simulator of partners: real answers over real HTTP, with faults to order; state is in memory alone."""

from engine.partners.simulator.server import Simulator, serve

__all__ = ["Simulator", "serve"]
