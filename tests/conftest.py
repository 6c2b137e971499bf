"""What every suite may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.demo import DemoGateway, demo_in


@pytest.fixture(scope="session")
def demo_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoGateway]:
    """The demo library, loaded once."""
    with demo_in(tmp_path_factory.mktemp("demo")) as gateway:
        yield gateway
