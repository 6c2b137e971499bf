"""How we reach AWS, or a server that speaks its protocol: region, address, certificates, credentials by the usual chain."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class AwsAccess:
    """Where a service is. Without an address it is AWS's own in the region; credentials come from the process's role.

    `authorities` is a file of certificates to trust instead of the system's; a certificate is always checked.
    """

    region: str
    url: str | None = None
    authorities: str | None = None
    read_timeout_s: float = 2.0
    connect_timeout_s: float = 1.0
    connections: int = 50

    @asynccontextmanager
    async def client(self, service: str) -> AsyncIterator[Any]:
        """A client that tries once: trying again is `AwsCalls`'s business, or two layers would multiply."""
        import aioboto3
        from aiobotocore.config import AioConfig

        config = AioConfig(
            retries={"total_max_attempts": 1, "mode": "standard"},
            connect_timeout=self.connect_timeout_s,
            read_timeout=self.read_timeout_s,
            max_pool_connections=self.connections,
            signature_version="s3v4" if service == "s3" else None,
            s3={"addressing_style": "path"} if service == "s3" and self.url else None,
            tcp_keepalive=True,
        )
        place = {"region_name": self.region, "endpoint_url": self.url, "verify": self.authorities or True}
        async with aioboto3.Session().client(service, config=config, **place) as client:
            yield client
