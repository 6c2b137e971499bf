"""Which sites may embed what we serve: ourselves and those on the list. Browsers say from where; nobody else is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit


class EmbedOrigins:
    """Origins by `Origin`, else by `Referer`."""

    def __init__(self, own: str, listed: Iterable[str]) -> None:
        self._known = {_origin(own), *listed}

    def may_embed(self, headers: Mapping[str, str]) -> bool:
        """Whether this request comes from a page that may show our pictures.

        A browser that says nothing of where it comes from, as some pages tell it, is let in: the address itself decides. One
        that says it comes from a stranger's page is not.
        """
        asking = _asking(headers)
        return asking is None or asking in self._known or headers.get("sec-fetch-site") in {"same-origin", "none"}


def _asking(headers: Mapping[str, str]) -> str | None:
    origin = headers.get("origin")
    if origin is not None:
        return origin
    referer = headers.get("referer")
    return _origin(referer) if referer else None


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
