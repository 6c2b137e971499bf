"""Fallback languages of language tags, by the parent locales of Unicode CLDR instead of by truncation.

A tag with a script that is not the default of its language has no parent: zh-Hant does not fall back to zh (Hans).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

_TAG = re.compile(r"(?P<language>[a-z]{2,3})(-(?P<script>[a-z]{4}))?(-(?P<region>[a-z]{2}|\d{3}))?(-.*)?", re.IGNORECASE)
_MAX_TAG_LENGTH = 35
_MAX_TAGS = 10

_RENAMED = {"iw": "he", "in": "id", "ji": "yi", "tl": "fil", "nb": "no", "nn": "nn", "mo": "ro", "cmn": "zh", "sh": "sr"}

# The default script of a language, which tags omit.
_DEFAULT_SCRIPT = {
    "az": "Latn", "bs": "Latn", "en": "Latn", "hi": "Deva", "kk": "Cyrl", "ku": "Latn", "ky": "Cyrl", "mn": "Cyrl",
    "ms": "Latn", "pa": "Guru", "sd": "Arab", "sr": "Cyrl", "tg": "Cyrl", "uz": "Latn", "vai": "Vaii", "zh": "Hans",
}  # fmt: skip

# Regions that use another script than the default of the language.
_SCRIPT_OF = {
    "zh-TW": "Hant", "zh-HK": "Hant", "zh-MO": "Hant", "sr-ME": "Latn", "pa-PK": "Arab", "uz-AF": "Arab", "kk-CN": "Arab",
}  # fmt: skip

_LATIN_AMERICA = "AR BO BR BZ CL CO CR CU DO EC GT HN MX NI PA PE PR PY SV US UY VE"
_LIKE_PORTUGAL = "AO CH CV FR GQ GW LU MO MZ ST TL"
_PARENTS = (
    {f"es-{region}": "es-419" for region in _LATIN_AMERICA.split()}
    | {f"pt-{region}": "pt-PT" for region in _LIKE_PORTUGAL.split()}
    | {"zh-Hant-MO": "zh-Hant-HK", "nn": "no", "ht": "fr", "hi-Latn": "en"}
)


def language_fallbacks(tags: Sequence[str]) -> tuple[str, ...]:
    """Languages to try in order: each tag with its parents, then English. Skips invalid tags and uses at most ten tags."""
    return _chain(tuple(tags[:_MAX_TAGS]))


def tag_and_parents(tag: str) -> tuple[str, ...]:
    """One tag and its parents, without English; empty for an invalid tag."""
    return tuple(_with_parents([tag]))


@lru_cache(maxsize=1024)
def _chain(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_with_parents([*tags, "en"])))


def _with_parents(tags: Iterable[str]) -> Iterator[str]:
    for tag in tags:
        current = canonical(tag)
        while current:
            yield current
            current = _parent(current)


def canonical(tag: str) -> str:
    """The tag in canonical spelling, without the default script; empty if it is not a language tag."""
    parts = _TAG.fullmatch(tag.replace("_", "-")) if len(tag) <= _MAX_TAG_LENGTH else None
    if parts is None:
        return ""
    language = parts["language"].lower()
    script = (parts["script"] or "").title() or ("Latn" if language == "sh" else "")
    language = _RENAMED.get(language, language)
    region = (parts["region"] or "").upper()
    script = script or _SCRIPT_OF.get(f"{language}-{region}", "")
    if script == _DEFAULT_SCRIPT.get(language):
        script = ""
    return "-".join(part for part in (language, script, region) if part)


def _parent(tag: str) -> str:
    if tag in _PARENTS:
        return _PARENTS[tag]
    shorter, _, last = tag.rpartition("-")
    return "" if len(last) == len("Hant") else shorter
