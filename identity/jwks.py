"""The keys of an issuer outside, fetched over HTTP and kept: what was good last stays good while the issuer is down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import orjson

from identity.keys import WeakKey, key_of

FRESH_S: Final = 600
"""Keys are asked for again after so long, beside the requests, which go on with those known."""
RETRY_S: Final = 10
"""After a fetch, good or not, the next one waits so long: a token with an unknown key cannot make us ask at will."""
LAST_GOOD_S: Final = 86_400
TIMEOUT_S: Final = 3.0
MOST_BYTES: Final = 65_536
MOST_KEYS: Final = 50
_log = logging.getLogger("photos.identity")


class _Unusable(Exception):
    """What came is no set of keys; the text is one word."""


@dataclass(eq=False)
class RemoteKeys(Mapping[str, Any]):
    """Keys by `kid`. Reading never waits; `find` may ask the issuer, once for all who wait."""

    url: str
    algorithms: tuple[str, ...]
    client: httpx.AsyncClient
    now_s: Callable[[], float]
    _keys: dict[str, Any] = field(default_factory=dict)
    _good_at: float | None = None
    _tried_at: float | None = None
    _fetching: asyncio.Task[None] | None = None

    def __getitem__(self, kid: str) -> Any:
        if not self.good:
            raise KeyError(kid)
        return self._keys[kid]

    def __iter__(self) -> Any:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def good(self) -> bool:
        """Whether the keys at hand may be believed."""
        return self._good_at is not None and self.now_s() - self._good_at <= LAST_GOOD_S

    async def find(self, kid: str) -> bool:
        """Whether the key is known, after asking the issuer if it was not and may be asked again."""
        if kid not in self and self._may_ask():
            self._begin()
        # Whoever comes while somebody asks waits for the same answer.
        if kid not in self and self._fetching is not None:
            await asyncio.shield(self._fetching)
        return kid in self

    def refresh(self) -> None:
        """Asks again beside the requests where the keys have grown old."""
        if self._good_at is not None and self.now_s() - self._good_at > FRESH_S and self._may_ask():
            self._begin()

    async def close(self) -> None:
        """Nothing is fetched any more."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    def _may_ask(self) -> bool:
        busy = self._fetching is not None and not self._fetching.done()
        return not busy and (self._tried_at is None or self.now_s() - self._tried_at >= RETRY_S)

    def _begin(self) -> None:
        self._tried_at = self.now_s()
        self._fetching = asyncio.create_task(self._fetch())

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S):  # httpx's own limits are for each read: a slow drip passes them
                found = self._read(await self._body())
        except (httpx.HTTPError, _Unusable, TimeoutError) as e:
            _log.warning("the keys of an issuer cannot be had", extra={"reason": type(e).__name__})
            return
        self._keys, self._good_at = found, self.now_s()

    async def _body(self) -> bytes:
        received = bytearray()
        # Not redirected: the address is a setting, and where it leads to is not for others to say.
        async with self.client.stream("GET", self.url, follow_redirects=False, timeout=TIMEOUT_S) as answer:
            if answer.status_code != httpx.codes.OK:
                raise _Unusable("STATUS")
            async for chunk in answer.aiter_raw():  # raw: a small body may inflate to a huge one
                received += chunk
                if len(received) > MOST_BYTES:
                    raise _Unusable("SIZE")
        return bytes(received)

    def _read(self, body: bytes) -> dict[str, Any]:
        try:
            listed = orjson.loads(body)
        except orjson.JSONDecodeError as e:
            raise _Unusable("JSON") from e
        keys = listed.get("keys") if isinstance(listed, dict) else None
        if not isinstance(keys, list) or len(keys) > MOST_KEYS:
            raise _Unusable("KEYS")
        found: dict[str, Any] = {}
        for jwk in keys:
            if isinstance(jwk, dict) and isinstance(jwk.get("kid"), str):
                try:
                    found[jwk["kid"]] = key_of(jwk, self.algorithms)
                except WeakKey:
                    continue  # other keys of the set may be good: encryption keys lie beside
        if not found:
            raise _Unusable("NONE")
        return found
