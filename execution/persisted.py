"""Which text a request means: the one it holds, one from the safelist, or one that was sent before.

The safelist holds what somebody of ours put there. Automatically persisted documents (Apollo's protocol) are a cache
of what anybody sent: they save bytes and are never trusted.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Any, Final, Generic, Protocol, TypeVar

from execution.document_cache import DocumentCache, Prepared
from execution.errors import RequestError
from execution.rate_limit import COST_OF_NEW_DOCUMENT, REFUSED, RateLimiter
from execution.requests import Operation

C = TypeVar("C")
MOST_CHARACTERS: Final = 4 * 1024 * 1024
"""Of all remembered texts together."""


class Safelist(Protocol):
    """Documents that may be sent by their id."""

    async def text(self, document_id: str) -> str | None:
        """The text of a document in use; None where there is none of that id."""


class Persisted(Generic[C]):
    """From an operation as it came to a prepared one. `ad_hoc`: documents that are not on the safelist may be sent."""

    def __init__(
        self,
        documents: DocumentCache[C],
        *,
        safelist: Safelist | None = None,
        ad_hoc: bool = True,
        toll: RateLimiter | None = None,
    ) -> None:
        self._documents = documents
        self._safelist = safelist
        self._ad_hoc = ad_hoc
        self._toll = toll or RateLimiter()
        self._sent: OrderedDict[str, str] = OrderedDict()
        self._characters = 0

    async def prepare(self, operation: Operation, context: Any) -> Prepared[C]:
        """The prepared operation; raises RequestError, and whoever asked pays for that."""
        try:
            return await self._prepare(operation, context)
        except RequestError:
            self._toll.charge(context, REFUSED)
            raise

    async def _prepare(self, operation: Operation, context: Any) -> Prepared[C]:
        text, wanted = operation.query, operation.document_id
        if text is None:
            return await self._by_id(wanted or "", operation.name, context)
        found = _hash(text) if wanted is not None or self._listed else None
        if wanted is not None and wanted != found:
            raise RequestError("BAD_USER_INPUT", "The hash is not the document's.", reason="DOCUMENT_HASH")
        if found is not None and self._safelist is not None and await self._safelist.text(found) == text:
            return self._charged(text, operation.name, context, trusted=True)
        if not self._ad_hoc:
            raise RequestError("FORBIDDEN", "Only documents on the safelist may be sent here.", reason="SAFELIST")
        prepared = self._charged(text, operation.name, context)
        if wanted is not None:
            self._remember(wanted, text)
        return prepared

    @property
    def _listed(self) -> bool:
        """Whether a text by itself must be looked up: only where nothing else may be sent."""
        return self._safelist is not None and not self._ad_hoc

    async def _by_id(self, document_id: str, name: str | None, context: Any) -> Prepared[C]:
        text = await self._safelist.text(document_id) if self._safelist is not None else None
        if text is not None:
            return self._charged(text, name, context, trusted=True)
        sent = self._sent.get(document_id) if self._ad_hoc else None
        if sent is None:
            raise RequestError("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")  # the words that clients look for
        self._sent.move_to_end(document_id)
        return self._charged(sent, name, context)

    def _charged(self, text: str, name: str | None, context: Any, *, trusted: bool = False) -> Prepared[C]:
        """The prepared document; a new one costs more than one that is known, unless somebody of ours listed it."""
        before = self._documents.misses
        prepared = self._documents.prepare(text, name, trusted=trusted)
        if self._documents.misses != before and not trusted:
            self._toll.charge(context, COST_OF_NEW_DOCUMENT)
        return prepared

    def _remember(self, document_id: str, text: str) -> None:
        self._characters += len(text) - len(self._sent.pop(document_id, ""))
        self._sent[document_id] = text
        while self._characters > MOST_CHARACTERS:
            _, gone = self._sent.popitem(last=False)
            self._characters -= len(gone)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
