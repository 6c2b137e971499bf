# ruff: noqa: D102 - the port's words hold for its methods
"""Amazon Translate: one text a call, so repeated terms are asked once, calls are few at a time, and answers are kept.

Amazon may keep texts to improve its models unless the organisation has opted out: only what no table knows goes there.
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

MOST_BYTES: Final = 10_000
"""Amazon's bound on one text."""
_AT_ONCE: Final = 8
_ATTEMPTS: Final = 3
_FIRST_WAIT_S: Final = 0.05
_KEPT: Final = 50_000
_KEPT_S: Final = 86_400.0
_UNKNOWN_KEPT_S: Final = 600.0
_FAILURES: Final = 5
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
    """One client for the process, made when first needed. `now_s` is a steady clock, `chance` gives 0 to 1."""

    def __init__(self, settings: AmazonTranslate, *, now_s: Callable[[], float], chance: Callable[[], float]) -> None:
        self._settings = settings
        self._now_s = now_s
        self._chance = chance
        self._open = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._client: Any = None
        self._few = asyncio.Semaphore(_AT_ONCE)
        self._kept: OrderedDict[bytes, tuple[MachineText | None, float]] = OrderedDict()
        # Texts may be personal: what is remembered is found by a keyed hash, not by the text.
        self._secret = secrets.token_bytes(32)
        self._failures = 0
        self._paused_until = 0.0

    @property
    def takes_personal_text(self) -> bool:
        return self._settings.personal

    async def translate(self, terms: Sequence[str], source: str | None, target: str) -> Sequence[MachineText | None]:
        asked = {term: unicodedata.normalize("NFKC", term).strip() for term in terms}
        wanted = [text for text in dict.fromkeys(asked.values()) if text and len(text.encode(errors="replace")) <= MOST_BYTES]
        found = {text: kept[0] for text in wanted if (kept := self._known(text, source, target)) is not None}
        found |= await self._ask([text for text in wanted if text not in found], source, target)
        return [found.get(asked[term]) for term in terms]

    async def close(self) -> None:
        await self._open.aclose()
        self._client = None

    async def _ask(self, texts: Sequence[str], source: str | None, target: str) -> dict[str, MachineText | None]:
        if not texts or self._now_s() < self._paused_until:
            return {}
        tasks = {text: asyncio.ensure_future(self._one(text, source, target)) for text in texts}
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

    async def _one(self, text: str, source: str | None, target: str) -> MachineText | None:
        async with self._few:
            for attempt in range(_ATTEMPTS):
                if attempt:
                    # Full jitter: everybody who was refused does not come back at once.
                    await asyncio.sleep(self._chance() * _FIRST_WAIT_S * 2**attempt)
                try:
                    answer = await self._call(text, source, target)
                except ClientError as e:
                    code = e.response.get("Error", {}).get("Code", "")
                    if code in _UNKNOWN:
                        return self._keep(text, source, target, None, _UNKNOWN_KEPT_S)
                    if code not in _BUSY:
                        self._failed(code)
                        return None
                except (BotoCoreError, OSError, TimeoutError) as e:
                    self._failed(type(e).__name__)
                    return None
                else:
                    return self._keep(text, source, target, answer, _KEPT_S)
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
        translated, spoken = answer.get("TranslatedText"), answer.get("SourceLanguageCode")
        self._failures = 0
        return MachineText(translated, source or spoken or "und") if isinstance(translated, str) and translated else None

    async def _connected(self) -> Any:
        async with self._opening:
            if self._client is None:
                config = AioConfig(
                    retries={"total_max_attempts": 1},
                    connect_timeout=self._settings.deadline_s,
                    read_timeout=self._settings.deadline_s,
                    max_pool_connections=_AT_ONCE,
                )
                made = aioboto3.Session().client(
                    "translate", region_name=self._settings.region, endpoint_url=self._settings.endpoint, config=config
                )
                self._client = await self._open.enter_async_context(made)
        return self._client

    def _failed(self, reason: str) -> None:
        """After five failures in a row nobody waits for the machine for a while."""
        self._failures += 1
        if self._failures >= _FAILURES:
            self._failures = 0
            self._paused_until = self._now_s() + _PAUSE_S
        _log.warning("a text was not translated", extra={"reason": reason})

    def _key(self, text: str, source: str | None, target: str) -> bytes:
        parts = "\0".join((source or "", target, *self._settings.terminologies, text))
        return hashlib.blake2b(parts.encode(errors="surrogatepass"), key=self._secret, digest_size=16).digest()

    def _known(self, text: str, source: str | None, target: str) -> tuple[MachineText | None] | None:
        kept = self._kept.get(self._key(text, source, target))
        return (kept[0],) if kept is not None and self._now_s() < kept[1] else None

    def _keep(self, text: str, source: str | None, target: str, answer: MachineText | None, seconds: float) -> MachineText | None:
        self._kept[self._key(text, source, target)] = answer, self._now_s() + seconds
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return answer


def _code(tag: str) -> str:
    """Amazon's code of a BCP 47 tag: mostly the language alone."""
    return _CODES.get(tag) or _CODES.get(tag.partition("-")[0]) or tag.partition("-")[0]
