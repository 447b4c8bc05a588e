"""The demo's shopkeeper: hands a small file over every little while, as long as the demo runs."""

import random
import threading
from typing import Self

from engine.base import clock
from engine.demo.shop import Shop
from engine.demo.world import SharedFolder

BETWEEN_S = 40.0
_STOP_WAIT_S_MAX = 5.0


class Shopkeeper:
    """A thread that delivers; a context manager. The first file is handed over at once."""

    def __init__(self, shop: Shop, folder: SharedFolder, seed: int) -> None:
        """Belong to a shop and a folder; nothing is delivered yet."""
        self._shop = shop
        self._folder = folder
        self._chance = random.Random(seed)  # noqa: S311 - made-up data wants a repeatable generator
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="shopkeeper", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        """End."""
        self._stopping.set()
        self._thread.join(timeout=_STOP_WAIT_S_MAX)

    def _work(self) -> None:
        while True:
            chance, now = self._chance, clock.now()
            entering, leaving = chance.randint(3, 9), chance.randint(1, 4)
            damaged = chance.choice((0, 0, 0, 1))
            self._folder.put(now, self._shop.delivery(now.date(), entering, leaving, chance.randint(10, 25), damaged))
            if self._stopping.wait(BETWEEN_S):
                return
