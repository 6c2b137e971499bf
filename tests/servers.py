"""The real servers of `make servers`, for the tests marked `servers`."""

from __future__ import annotations

import functools
import os
from typing import Any

import pytest

from datasources.aws.access import AwsAccess
from deploy.servers.addresses import REGION, Places
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


def aws_access(name: str, **more: Any) -> AwsAccess:
    """How to reach one of them; credentials are the environment's, as everywhere."""
    places = places_of(name)
    os.environ.update({k: v for k, v in places.environment().items() if k.startswith("AWS_")})
    return AwsAccess(REGION, **{"url": places.url(name), "read_timeout_s": 15.0, **more})
