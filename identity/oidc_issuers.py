"""Issuers outside, by settings: OpenID Connect providers whose tokens are believed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httpx

from access.viewer import ViewerKind
from identity.jwks import RemoteKeys
from identity.verifier import ClaimNames, TrustedIssuer
from settings import Issuer


@dataclass
class OutsideIssuers:
    """The issuers of the settings with their keys; close it."""

    client: httpx.AsyncClient
    now_s: Callable[[], float]
    trusted: dict[str, TrustedIssuer] = field(default_factory=dict)

    @classmethod
    def of(cls, issuers: Sequence[Issuer], now_s: Callable[[], float]) -> OutsideIssuers:
        """Nothing is fetched before the first token of an issuer comes."""
        # No proxy and no netrc from the environment, identity encoding: what is asked stands in the settings alone.
        client = httpx.AsyncClient(trust_env=False, headers={"accept": "application/json", "accept-encoding": "identity"})
        outside = cls(client, now_s)
        for issuer in issuers:
            keys = RemoteKeys(issuer.jwks, issuer.algorithms, client, now_s)
            outside.trusted[issuer.name] = TrustedIssuer(
                issuer.name,
                keys,
                issuer.algorithms,
                frozenset(ViewerKind[kind.upper()] for kind in issuer.kinds),
                audience=issuer.audience,
                types=frozenset(issuer.types),
                claims=ClaimNames(issuer.kind_claim, issuer.scope_claim, issuer.purpose_claim),
            )
        return outside

    async def close(self) -> None:
        """Lets go of connections."""
        remote = [t.keys for t in self.trusted.values() if isinstance(t.keys, RemoteKeys)]
        await asyncio.gather(*(keys.close() for keys in remote))
        await self.client.aclose()
