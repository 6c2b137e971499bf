"""Access to AWS or compatible servers: region, endpoint and certificates; credentials come from the default chain."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class AwsAccess:
    """The endpoint of a service; `url` None is the AWS endpoint of the region.

    `authorities`: a file of CA certificates to trust instead of those of the system. Certificates are always verified.
    """

    region: str
    url: str | None = None
    authorities: str | None = None
    read_timeout_s: float = 2.0
    connect_timeout_s: float = 1.0
    connections: int = 50

    @asynccontextmanager
    async def client(self, service: str) -> AsyncIterator[Any]:
        """A client without retries of its own, because `AwsCalls` retries."""
        import aioboto3
        from aiobotocore.config import AioConfig

        from datasources.aws.sessions import CheckedSession

        config = AioConfig(
            retries={"total_max_attempts": 1, "mode": "standard"},
            connect_timeout=self.connect_timeout_s,
            read_timeout=self.read_timeout_s,
            max_pool_connections=self.connections,
            signature_version="s3v4" if service == "s3" else None,
            s3={"addressing_style": "path"} if service == "s3" and self.url else None,
            tcp_keepalive=True,
            http_session_cls=CheckedSession,
        )
        endpoint = {"region_name": self.region, "endpoint_url": self.url, "verify": self.authorities or True}
        async with aioboto3.Session().client(service, config=config, **endpoint) as client:
            yield client
