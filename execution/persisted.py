"""Persisted documents: a request sends a text, the id of a document on the safelist, or the hash of an earlier text.

The safelist contains documents that operators registered. Automatically persisted documents (Apollo's protocol) are a
cache of texts that any client sent: they save bytes and are never trusted.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Final, Generic, Protocol, TypeVar

from execution.context import RequestContext
from execution.document_cache import DocumentCache, Prepared
from execution.errors import RequestError
from execution.rate_limit import COST_OF_NEW_DOCUMENT, COST_OF_REFUSED_DOCUMENT, RateLimiter
from execution.requests import Operation

C = TypeVar("C")
MAX_CHARACTERS: Final = 4 * 1024 * 1024
"""The total size of the cached texts."""


class Safelist(Protocol):
    """Documents that clients may send by id."""

    async def text(self, document_id: str) -> str | None:
        """Returns the text of an active document, or None."""


class PersistedDocuments(Generic[C]):
    """Prepares the operation of a request. `ad_hoc`: documents that are not on the safelist are allowed."""

    def __init__(
        self,
        documents: DocumentCache[C],
        *,
        safelist: Safelist | None = None,
        ad_hoc: bool = True,
        rate_limiter: RateLimiter | None = None,
    ) -> None:
        self._documents = documents
        self._safelist = safelist
        self._ad_hoc = ad_hoc
        self._rate_limiter = rate_limiter or RateLimiter()
        self._sent: OrderedDict[str, str] = OrderedDict()
        self._characters = 0

    async def prepare(self, operation: Operation, context: RequestContext) -> Prepared[C]:
        """Returns the prepared operation; raises RequestError, which is charged to the caller."""
        try:
            return await self._prepare(operation, context)
        except RequestError:
            self._rate_limiter.charge(context, COST_OF_REFUSED_DOCUMENT)
            raise

    async def _prepare(self, operation: Operation, context: RequestContext) -> Prepared[C]:
        text, document_id = operation.query, operation.document_id
        if text is None:
            return await self._by_id(document_id or "", operation.name, context)
        found = _hash(text) if document_id is not None or self._listed else None
        if document_id is not None and document_id != found:
            raise RequestError("BAD_USER_INPUT", "The SHA-256 hash does not match the document.", reason="DOCUMENT_HASH")
        if found is not None and self._safelist is not None and await self._safelist.text(found) == text:
            return self._prepare_charged(text, operation.name, context, trusted=True)
        if not self._ad_hoc:
            raise RequestError(
                "FORBIDDEN",
                "Only documents on the safelist are allowed. Send the id of a registered document.",
                reason="SAFELIST",
            )
        prepared = self._prepare_charged(text, operation.name, context)
        if document_id is not None:
            self._remember(document_id, text)
        return prepared

    @property
    def _listed(self) -> bool:
        """Whether a text without an id is looked up in the safelist: only if other documents are not allowed."""
        return self._safelist is not None and not self._ad_hoc

    async def _by_id(self, document_id: str, name: str | None, context: RequestContext) -> Prepared[C]:
        text = await self._safelist.text(document_id) if self._safelist is not None else None
        if text is not None:
            return self._prepare_charged(text, name, context, trusted=True)
        sent = self._sent.get(document_id) if self._ad_hoc else None
        if sent is None:
            raise RequestError("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")  # Apollo clients compare this text
        self._sent.move_to_end(document_id)
        return self._prepare_charged(sent, name, context)

    def _prepare_charged(self, text: str, name: str | None, context: RequestContext, *, trusted: bool = False) -> Prepared[C]:
        """Returns the prepared document. A document that is not cached costs more, unless it is on the safelist."""
        before = self._documents.misses
        prepared = self._documents.prepare(text, name, trusted=trusted)
        if self._documents.misses != before and not trusted:
            self._rate_limiter.charge(context, COST_OF_NEW_DOCUMENT)
        return prepared

    def _remember(self, document_id: str, text: str) -> None:
        self._characters += len(text) - len(self._sent.pop(document_id, ""))
        self._sent[document_id] = text
        while self._characters > MAX_CHARACTERS:
            _, removed = self._sent.popitem(last=False)
            self._characters -= len(removed)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
