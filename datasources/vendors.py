"""Settings of external services that can replace built-in ones. All are off unless configured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class AmazonTranslate:
    """Amazon Translate. `personal`: personal text may be sent to it."""

    region: str
    endpoint: str | None = None
    terminologies: tuple[str, ...] = ()
    deadline_s: float = 1.0
    personal: bool = False


@dataclass(frozen=True, slots=True)
class RemoteLocations:
    """A location service in another process: its URL and the file with the bearer token. `authorities`: its CA certificates."""

    url: str
    token_file: Path
    deadline_s: float = 2.0
    authorities: Path | None = None


@dataclass(frozen=True, slots=True)
class AmazonPlaces:
    """Amazon Location as the reverse geocoder; coordinates are rounded to about one kilometre before they are sent."""

    region: str
    endpoint: str | None = None
    deadline_s: float = 5.0


@dataclass(frozen=True, slots=True)
class ExternalServices:
    """The external services that are configured; None: use the built-in one."""

    translator: AmazonTranslate | None = None
    locations: RemoteLocations | AmazonPlaces | None = None


NO_EXTERNAL_SERVICES = ExternalServices()
