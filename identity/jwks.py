"""The keys of an external issuer, fetched over HTTP and cached: the last keys stay valid while the issuer is unavailable."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import orjson

from identity.keys import WeakKey, key_of

REFRESH_AFTER_S: Final = 600
"""Keys older than this are fetched again in the background; requests continue with the cached keys."""
RETRY_S: Final = 10
"""The minimum time between two fetches, so that tokens with unknown keys cannot cause many requests to the issuer."""
MAX_AGE_S: Final = 86_400
TIMEOUT_S: Final = 3.0
MAX_BYTES: Final = 65_536
MAX_KEYS: Final = 50
_log = logging.getLogger("photos.identity")


class _Unusable(Exception):
    """The response is not a usable key set; the text is a reason code."""


@dataclass(eq=False)
class RemoteKeys(Mapping[str, Any]):
    """Keys by `kid`. Reading uses the cache only; `find` may fetch the keys, once for all concurrent callers."""

    url: str
    algorithms: tuple[str, ...]
    client: httpx.AsyncClient
    now_s: Callable[[], float]
    _keys: dict[str, Any] = field(default_factory=dict)
    _fetched_at: float | None = None
    _tried_at: float | None = None
    _fetching: asyncio.Task[None] | None = None

    def __getitem__(self, kid: str) -> Any:
        if not self.usable:
            raise KeyError(kid)
        return self._keys[kid]

    def __iter__(self) -> Any:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def usable(self) -> bool:
        """Whether the cached keys are recent enough to be trusted."""
        return self._fetched_at is not None and self.now_s() - self._fetched_at <= MAX_AGE_S

    async def find(self, kid: str) -> bool:
        """Whether the key exists; fetches the keys first if it is not cached and a fetch is allowed."""
        if kid not in self and self._may_fetch():
            self._begin()
        # Concurrent callers wait for the same fetch.
        if kid not in self and self._fetching is not None:
            await asyncio.shield(self._fetching)
        return kid in self

    def refresh(self) -> None:
        """Fetches the keys in the background if they are older than `REFRESH_AFTER_S`."""
        if self._fetched_at is not None and self.now_s() - self._fetched_at > REFRESH_AFTER_S and self._may_fetch():
            self._begin()

    async def close(self) -> None:
        """Cancels a running fetch."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    def _may_fetch(self) -> bool:
        busy = self._fetching is not None and not self._fetching.done()
        return not busy and (self._tried_at is None or self.now_s() - self._tried_at >= RETRY_S)

    def _begin(self) -> None:
        self._tried_at = self.now_s()
        self._fetching = asyncio.create_task(self._fetch())

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S):  # httpx's timeouts apply to each read: a slow response passes them
                found = self._read(await self._body())
        except (httpx.HTTPError, _Unusable, TimeoutError) as e:
            _log.warning("fetching the keys of an issuer failed", extra={"reason": type(e).__name__})
            return
        self._keys, self._fetched_at = found, self.now_s()

    async def _body(self) -> bytes:
        received = bytearray()
        # Redirects are not followed, because the URL is a setting and the issuer must not change it.
        async with self.client.stream("GET", self.url, follow_redirects=False, timeout=TIMEOUT_S) as response:
            if response.status_code != httpx.codes.OK:
                raise _Unusable("STATUS")
            async for chunk in response.aiter_raw():  # raw: a small compressed body may expand to a huge one
                received += chunk
                if len(received) > MAX_BYTES:
                    raise _Unusable("SIZE")
        return bytes(received)

    def _read(self, body: bytes) -> dict[str, Any]:
        try:
            listed = orjson.loads(body)
        except orjson.JSONDecodeError as e:
            raise _Unusable("JSON") from e
        keys = listed.get("keys") if isinstance(listed, dict) else None
        if not isinstance(keys, list) or len(keys) > MAX_KEYS:
            raise _Unusable("KEYS")
        found: dict[str, Any] = {}
        for jwk in keys:
            if isinstance(jwk, dict) and isinstance(jwk.get("kid"), str):
                try:
                    found[jwk["kid"]] = key_of(jwk, self.algorithms)
                except WeakKey:
                    continue  # the set may contain other keys, for example for encryption
        if not found:
            raise _Unusable("NONE")
        return found
