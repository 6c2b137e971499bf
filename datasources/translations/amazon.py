# ruff: noqa: D102 - methods are documented in the port
"""Amazon Translate: one text per call, so calls are deduplicated, limited in concurrency, and their results cached.

Amazon may store texts to improve its models unless the organization has opted out; only terms that no table contains are
sent.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final

import aioboto3
from aiobotocore.config import AioConfig
from botocore.exceptions import BotoCoreError, ClientError

from datasources.translations.port import MachineText, Translator
from datasources.vendors import AmazonTranslate

MAX_BYTES: Final = 10_000
"""Amazon's limit for one text."""
_CONCURRENCY: Final = 8
_ATTEMPTS: Final = 3
_BASE_DELAY_S: Final = 0.05
_CACHE_SIZE: Final = 50_000
_CACHED_S: Final = 86_400.0
_UNKNOWN_CACHED_S: Final = 600.0
_MAX_FAILURES: Final = 5
_PAUSE_S: Final = 30.0
_BUSY = frozenset({"TooManyRequestsException", "ThrottlingException", "ServiceUnavailableException", "InternalServerException"})
_UNKNOWN = frozenset({
    "UnsupportedLanguagePairException", "DetectedLanguageLowConfidenceException", "InvalidRequestException",
    "TextSizeLimitExceededException", "ValidationException",
})  # fmt: skip
_CODES: Final = {"zh-Hant": "zh-TW", "zh-Hant-HK": "zh-TW", "zh-TW": "zh-TW", "zh-HK": "zh-TW", "pt-PT": "pt-PT",
                 "fr-CA": "fr-CA", "es-MX": "es-MX", "fa-AF": "fa-AF", "nb": "no", "fil": "tl"}  # fmt: skip
_log = logging.getLogger("photos.translations")


class AmazonTranslator(Translator):
    """One client for the process, created on first use. `now_s` is a monotonic clock, `random` returns 0 to 1."""

    def __init__(self, settings: AmazonTranslate, *, now_s: Callable[[], float], random: Callable[[], float]) -> None:
        self._settings = settings
        self._now_s = now_s
        self._random = random
        self._open = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._client: Any = None
        self._semaphore = asyncio.Semaphore(_CONCURRENCY)
        self._cache: OrderedDict[bytes, tuple[MachineText | None, float]] = OrderedDict()
        # Texts may be personal, so cache keys are keyed hashes instead of texts.
        self._secret = secrets.token_bytes(32)
        self._failures = 0
        self._paused_until = 0.0

    @property
    def takes_personal_text(self) -> bool:
        return self._settings.personal

    async def translate(self, terms: Sequence[str], source: str | None, target: str) -> Sequence[MachineText | None]:
        normalized = {term: unicodedata.normalize("NFKC", term).strip() for term in terms}
        distinct = [
            text for text in dict.fromkeys(normalized.values()) if text and len(text.encode(errors="replace")) <= MAX_BYTES
        ]
        found = {text: cached[0] for text in distinct if (cached := self._cached(text, source, target)) is not None}
        found |= await self._translate_all([text for text in distinct if text not in found], source, target)
        return [found.get(normalized[term]) for term in terms]

    async def close(self) -> None:
        await self._open.aclose()
        self._client = None

    async def _translate_all(self, texts: Sequence[str], source: str | None, target: str) -> dict[str, MachineText | None]:
        if not texts or self._now_s() < self._paused_until:
            return {}
        tasks = {text: asyncio.ensure_future(self._translate_one(text, source, target)) for text in texts}
        try:
            _, late = await asyncio.wait(tasks.values(), timeout=self._settings.deadline_s)
        except BaseException:
            for task in tasks.values():
                task.cancel()
            raise
        for task in late:
            task.cancel()
        if late:
            self._failed("late")
        return {text: task.result() for text, task in tasks.items() if task not in late}

    async def _translate_one(self, text: str, source: str | None, target: str) -> MachineText | None:
        async with self._semaphore:
            for attempt in range(_ATTEMPTS):
                if attempt:
                    # Full jitter, so that rejected calls are not retried at the same time.
                    await asyncio.sleep(self._random() * _BASE_DELAY_S * 2**attempt)
                try:
                    answer = await self._call(text, source, target)
                except ClientError as e:
                    code = e.response.get("Error", {}).get("Code", "")
                    if code in _UNKNOWN:
                        return self._store(text, source, target, None, _UNKNOWN_CACHED_S)
                    if code not in _BUSY:
                        self._failed(code)
                        return None
                except (BotoCoreError, OSError, TimeoutError) as e:
                    self._failed(type(e).__name__)
                    return None
                else:
                    return self._store(text, source, target, answer, _CACHED_S)
            self._failed("busy")
            return None

    async def _call(self, text: str, source: str | None, target: str) -> MachineText | None:
        client = await self._connected()
        answer = await client.translate_text(
            Text=text,
            SourceLanguageCode=_code(source) if source else "auto",
            TargetLanguageCode=_code(target),
            TerminologyNames=list(self._settings.terminologies),
        )
        translated, detected = answer.get("TranslatedText"), answer.get("SourceLanguageCode")
        self._failures = 0
        return MachineText(translated, source or detected or "und") if isinstance(translated, str) and translated else None

    async def _connected(self) -> Any:
        async with self._opening:
            if self._client is None:
                config = AioConfig(
                    retries={"total_max_attempts": 1},
                    connect_timeout=self._settings.deadline_s,
                    read_timeout=self._settings.deadline_s,
                    max_pool_connections=_CONCURRENCY,
                )
                client = aioboto3.Session().client(
                    "translate", region_name=self._settings.region, endpoint_url=self._settings.endpoint, config=config
                )
                self._client = await self._open.enter_async_context(client)
        return self._client

    def _failed(self, reason: str) -> None:
        """Count a failure; after five in a row, calls are suspended for a while."""
        self._failures += 1
        if self._failures >= _MAX_FAILURES:
            self._failures = 0
            self._paused_until = self._now_s() + _PAUSE_S
        _log.warning("a text was not translated", extra={"reason": reason})

    def _key(self, text: str, source: str | None, target: str) -> bytes:
        parts = "\0".join((source or "", target, *self._settings.terminologies, text))
        return hashlib.blake2b(parts.encode(errors="surrogatepass"), key=self._secret, digest_size=16).digest()

    def _cached(self, text: str, source: str | None, target: str) -> tuple[MachineText | None] | None:
        cached = self._cache.get(self._key(text, source, target))
        return (cached[0],) if cached is not None and self._now_s() < cached[1] else None

    def _store(
        self, text: str, source: str | None, target: str, answer: MachineText | None, seconds: float
    ) -> MachineText | None:
        self._cache[self._key(text, source, target)] = answer, self._now_s() + seconds
        if len(self._cache) > _CACHE_SIZE:
            self._cache.popitem(last=False)
        return answer


def _code(tag: str) -> str:
    """Amazon's code of a BCP 47 tag, usually the language subtag."""
    return _CODES.get(tag) or _CODES.get(tag.partition("-")[0]) or tag.partition("-")[0]
