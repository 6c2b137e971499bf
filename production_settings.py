"""Settings that the production profile refuses, although each is valid by itself, and names of variables that are no settings."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol
from urllib.parse import urlsplit

_PREFIX: Final = "PHOTOS_"
_OTHER_PROGRAMS: Final = ("PHOTOS_SERVERS_",)
"""Prefixes of variables that `make servers` reads."""


def unknown_name(environ: Mapping[str, str], known: frozenset[str]) -> str | None:
    """A sentence about the first variable that looks like a setting and is none; `known` are the names of all settings."""
    for given in sorted(environ):
        name = given.upper()
        if not name.startswith(_PREFIX) or name.startswith(_OTHER_PROGRAMS) or name.removeprefix(_PREFIX).lower() in known:
            continue
        nearest = difflib.get_close_matches(name.removeprefix(_PREFIX), [field.upper() for field in known], n=1)
        hint = f"did you mean {_PREFIX}{nearest[0]}?" if nearest else "`photos-gateway settings` prints all of them."
        return f"{given} is not a setting: {hint}"
    return None


class _Issuer(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def jwks(self) -> str: ...


class _Settings(Protocol):
    """The settings that are checked here."""

    @property
    def public_url(self) -> str | None: ...
    @property
    def allowed_origins(self) -> Sequence[str]: ...
    @property
    def issuers(self) -> Sequence[_Issuer]: ...
    @property
    def translator_url(self) -> str | None: ...


def production_refusals(settings: _Settings) -> Iterator[str]:
    """Sentences about settings that are dangerous in production, each with what to change."""
    yield from _public_url(settings.public_url)
    for origin in settings.allowed_origins:
        if not origin.startswith("https://"):
            yield f"The production profile requires https origins, and {origin} is none. Change PHOTOS_ALLOWED_ORIGINS."
    for issuer in settings.issuers:
        for text in (issuer.jwks, issuer.name):
            if text.lower().startswith("http:"):
                yield f"The production profile requires https addresses of issuers, and {text} is none. Change PHOTOS_ISSUERS."
    if (settings.translator_url or "").startswith("http:"):
        yield "The production profile requires https URLs. Change PHOTOS_TRANSLATOR_URL."


def _public_url(url: str | None) -> Iterator[str]:
    if not url:
        yield "The production profile requires the public URL, which links and addresses of files contain. Set PHOTOS_PUBLIC_URL."
    elif urlsplit(url).scheme != "https":
        yield "The production profile requires a public URL with https. Change PHOTOS_PUBLIC_URL."


def checked_public_url(given: str | None) -> str | None:
    """The public URL; raises `ValueError` if a browser could not open addresses that begin with it."""
    if not given:
        return None
    parts = urlsplit(given)
    if parts.scheme not in {"http", "https"} or not has_plain_host(given) or parts.query or parts.fragment:
        raise ValueError("the public URL must be https://HOST or https://HOST/PATH, without a user, a query or a fragment")
    return given


def has_plain_host(url: str) -> bool:
    """Whether a URL has a host, a valid port if any, no user and password, and no spaces or control characters."""
    parts = urlsplit(url)
    try:
        valid = parts.port is None or parts.port > 0
    except ValueError:
        return False
    printable = url.isprintable() and not any(c in url for c in ' \\"<>')
    return valid and printable and bool(parts.hostname) and parts.username is None and parts.password is None
