"""What every suite may use."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator

import pytest
from hypothesis import settings

from demo.load import loaded
from tests import slow_tests
from tests.demo import DemoGateway, demo_in
from tests.loaded_once import loaded_once
from tests.servers import WANTED, WHY_NOT

# Machines are noisy: no example fails for taking long. What CI accepts must not depend on chance: there, the same
# examples every time; on a developer's machine, new ones.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.hookimpl(tryfirst=True)  # before `-m` selects by markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests that take long, and skips tests of servers unless SERVERS=1 is set."""
    slow = slow_tests.listed()
    for item in items:
        if item.nodeid.split("[")[0] in slow:
            item.add_marker(pytest.mark.slow)
        if not WANTED and item.get_closest_marker("servers"):
            item.add_marker(pytest.mark.skip(reason=WHY_NOT))


@pytest.fixture(scope="session", autouse=True)
def _loaded_once() -> Iterator[None]:
    with loaded_once():
        yield


@pytest.fixture(scope="session")
def demo_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoGateway]:
    """The demo library, loaded once for a run: each process of pytest-xdist opens a copy of what the first one loaded."""
    if os.environ.get("PYTEST_XDIST_WORKER") is None:
        folder = tmp_path_factory.mktemp("demo")
    else:
        shared = tmp_path_factory.getbasetemp().parent  # of all processes of the run
        with (shared / "demo.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if loaded(shared / "demo") is None:
                with demo_in(shared / "demo"):
                    pass
        folder = shutil.copytree(shared / "demo", tmp_path_factory.mktemp("copy") / "demo")
    with demo_in(folder) as gateway:
        yield gateway
