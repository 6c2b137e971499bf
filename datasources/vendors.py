"""Services of others that may stand in for our own: which, where, and what may go there. None unless configured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class AmazonTranslate:
    """Where, by which custom terminologies, for how long, and whether personal text may go."""

    region: str
    endpoint: str | None = None
    terminologies: tuple[str, ...] = ()
    deadline_s: float = 1.0
    personal: bool = False


@dataclass(frozen=True, slots=True)
class LocationsElsewhere:
    """The location service in a process of its own: its address, and the file that holds our bearer token."""

    url: str
    token_file: Path
    deadline_s: float = 2.0
    authorities: Path | None = None


@dataclass(frozen=True, slots=True)
class AmazonPlaces:
    """Amazon Location for the places of points; coordinates go there rounded to about a kilometre."""

    region: str
    endpoint: str | None = None
    deadline_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Vendors:
    """What is configured."""

    translator: AmazonTranslate | None = None
    locations: LocationsElsewhere | AmazonPlaces | None = None


NO_VENDORS = Vendors()
