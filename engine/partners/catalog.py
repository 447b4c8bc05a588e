"""The partners this installation knows: one folder each with a manifest; adding one touches nothing else.

A partner is engine/partners/out_of_the_box/<partner>/manifest.yaml; the folder's name is the partner's id.
"""

from functools import cache
from pathlib import Path

from engine.base import errors
from engine.partners import reader
from engine.partners.manifest import Manifest

_FOLDER = Path(__file__).parent / "out_of_the_box"


def catalog() -> dict[str, Manifest]:
    """Return every partner's manifest by its id.

    Raises:
        GiveUp: A manifest holds a mistake; the sentence names its place.
    """
    return dict(_found())


@cache
def _found() -> dict[str, Manifest]:
    files = sorted(_FOLDER.glob("*/manifest.yaml"))
    return {file.parent.name: reader.read(file.parent.name, file.read_text(encoding="utf-8")) for file in files}


def manifest_of(partner: str) -> Manifest:
    """Return one partner's manifest.

    Raises:
        GiveUp: There is no such partner here.
    """
    manifest = _found().get(partner)
    if manifest is None:
        raise errors.GiveUp(f'There is no partner "{partner}"; there are {", ".join(_found())}.')
    return manifest
