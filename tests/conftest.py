"""What every suite may use."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.demo import DemoGateway, demo_in
from tests.servers import WANTED, WHY_NOT

# Machines are noisy: no example fails for taking long. What CI accepts must not depend on chance: there, the same
# examples every time; on a developer's machine, new ones.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without SERVERS=1 nothing asks a server, and what is left out is named; with it, nothing is left out."""
    for item in items:
        if not WANTED and item.get_closest_marker("servers"):
            item.add_marker(pytest.mark.skip(reason=WHY_NOT))


@pytest.fixture(scope="session")
def demo_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoGateway]:
    """The demo library, loaded once."""
    with demo_in(tmp_path_factory.mktemp("demo")) as gateway:
        yield gateway
