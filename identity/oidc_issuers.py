"""The external issuers of the settings: OpenID Connect providers whose tokens are accepted."""

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
class OidcIssuers:
    """The external issuers with their keys. Must be closed."""

    client: httpx.AsyncClient
    now_s: Callable[[], float]
    trusted: dict[str, TrustedIssuer] = field(default_factory=dict)

    @classmethod
    def of(cls, issuers: Sequence[Issuer], now_s: Callable[[], float]) -> OidcIssuers:
        """Creates the issuers of the settings. The keys of an issuer are fetched with its first token."""
        # No proxy or netrc of the environment and no compression: requests depend on the settings only.
        client = httpx.AsyncClient(trust_env=False, headers={"accept": "application/json", "accept-encoding": "identity"})
        external = cls(client, now_s)
        for issuer in issuers:
            keys = RemoteKeys(issuer.jwks, issuer.algorithms, client, now_s)
            external.trusted[issuer.name] = TrustedIssuer(
                issuer.name,
                keys,
                issuer.algorithms,
                frozenset(ViewerKind[kind.upper()] for kind in issuer.kinds),
                audience=issuer.audience,
                types=frozenset(issuer.types),
                claims=ClaimNames(issuer.kind_claim, issuer.scope_claim, issuer.purpose_claim),
            )
        return external

    async def close(self) -> None:
        """Cancels fetches and closes connections."""
        remote = [t.keys for t in self.trusted.values() if isinstance(t.keys, RemoteKeys)]
        await asyncio.gather(*(keys.close() for keys in remote))
        await self.client.aclose()
