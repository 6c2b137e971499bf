"""The origins whose pages may embed pictures: the gateway's own and the configured ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit


class EmbedOrigins:
    """Checks the origin of a request by `Origin`, or by `Referer` without it."""

    def __init__(self, own: str, allowed: Iterable[str]) -> None:
        self._allowed = {_origin(own), *allowed}

    def may_embed(self, headers: Mapping[str, str]) -> bool:
        """Whether the page of the request may embed pictures.

        Requests without an origin are allowed, because pages may suppress these headers and the URL is the credential.
        """
        origin = _origin_of_request(headers)
        return origin is None or origin in self._allowed or headers.get("sec-fetch-site") in {"same-origin", "none"}


def _origin_of_request(headers: Mapping[str, str]) -> str | None:
    origin = headers.get("origin")
    if origin is not None:
        return origin
    referer = headers.get("referer")
    return _origin(referer) if referer else None


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
