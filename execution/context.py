"""The request context: what `execution` reads of the object that it passes to every resolver."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

DenialMode = Literal["reject", "null"]
"""`reject`: an operation with fields that the caller may not read is rejected; `null`: these fields are null, with errors."""


class RequestContext(Protocol):
    """One request and its caller. An application adds what its own resolvers need."""

    @property
    def principal(self) -> str | None:
        """The key of the caller in the rate limiter; None: the caller is not limited."""

    @property
    def max_body_bytes(self) -> int | None:
        """The largest request body of this caller; None: the server's limit applies."""

    @property
    def max_values(self) -> int | None:
        """The largest number of values in the variables, and of items in one list; None: the document's limits apply."""

    @property
    def denial(self) -> DenialMode:
        """The treatment of fields that the caller may not read, for requests that do not choose one."""

    @property
    def remaining_s(self) -> float | None:
        """Seconds until the caller's token expires; None: it does not expire."""

    def extensions(self) -> Mapping[str, object]:
        """Entries to add to the response's `extensions`."""

    def reset(self) -> None:
        """Discards what was loaded. Called before each event of a subscription, so that permissions are checked again."""

    async def aclose(self) -> None:
        """Releases what the request holds. Called once, when the request has ended."""
