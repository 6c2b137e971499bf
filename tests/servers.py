"""The real servers of `make servers`, for the tests marked `servers`."""

from __future__ import annotations

import functools
import os

import pytest

from deploy.servers.places import Places
from deploy.servers.processes import Processes

WANTED = os.environ.get("SERVERS") == "1"
WHY_NOT = "needs real servers: make test SERVERS=1"


@functools.cache
def places_of(*names: str) -> Places:
    """Where these servers are; one that does not run is a failure, never a skip."""
    places = Places.here()
    down = [name for name in names if Processes(places.run).running(name) is None]
    if down:
        pytest.fail(f"SERVERS=1, and {', '.join(down)} does not run: make servers")
    return places
