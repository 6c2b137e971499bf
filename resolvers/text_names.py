"""The names that a search may contain: people, albums, cameras and lenses of the viewer, and words of media types."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from access.scope import Scope
from datasources.search.conditions import AnyOf, Condition, Field
from datasources.search.port import FacetRequest, SearchRequest
from datasources.words import tokens
from resolvers.context import Context

MAX_NAME_WORDS: Final = 8
"""Words of a name after this number are not looked up."""

_MEDIA: Final = {
    AnyOf(Field.MEDIA_TYPE, ("VIDEO",)): (
        "video videos movie movies film films filme clip clips vidéo vidéos vídeo vídeos pelicula filmato filmati filmpje wideo "
        "видео фильм ビデオ 動画 视频 影片 비디오 동영상"
    ),
    AnyOf(Field.FAVORITE, ("true",)): (
        "favorite favorites favourite favourites favorit favoriten favori favoris favorito favoritos favorita favoritas "
        "preferito preferiti preferita preferite favoriet favorieten ulubione избранное любимые お気に入り 收藏 즐겨찾기"
    ),
}
MEDIA_WORDS: Final = {" ".join(tokens(word)): condition for condition, words in _MEDIA.items() for word in words.split()}
"""Words of media types and favorites, in the languages of the label table."""


async def names(context: Context, scope: Scope, words: Sequence[str], small: Collection[str]) -> dict[str, list[Condition]]:
    """The conditions of every sequence of words of the query that is a part of a name, by these words with single spaces.

    Any part of a name leads to it, but no part that has only small words.
    """
    wanted = {" ".join(words[i : i + n]) for i in range(len(words)) for n in range(1, MAX_NAME_WORDS + 1)}
    first = set(words) - set(small)
    found: dict[str, dict[Field, list[str]]] = {}
    for field, value, name in await _named(context, scope):
        parts = tokens(name)[:MAX_NAME_WORDS]
        if first.isdisjoint(parts):
            continue
        for part in _parts(parts, small) & wanted:
            found.setdefault(part, {}).setdefault(field, []).append(value)
    result: dict[str, list[Condition]] = {
        part: [AnyOf(field, tuple(values)) for field, values in by.items()] for part, by in found.items()
    }
    for phrase in wanted & MEDIA_WORDS.keys():
        result.setdefault(phrase, []).append(MEDIA_WORDS[phrase])
    return result


def _parts(words: Sequence[str], small: Collection[str]) -> set[str]:
    """Every contiguous part of a name with at least one word that is not small."""
    return {
        " ".join(words[i:j])
        for i in range(len(words))
        for j in range(i + 1, len(words) + 1)
        if any(w not in small for w in words[i:j])
    }


async def _named(context: Context, scope: Scope) -> list[tuple[Field, str, str]]:
    """The field, value and name of everything that has a name."""
    people, albums, equipment = await asyncio.gather(
        context.sources.people.all(scope), context.sources.albums.all(scope), _equipment(context, scope)
    )
    return [
        *((Field.PERSON, person.record.id, person.name or "") for person in people),
        *((Field.ALBUM, album.record.id, album.title or "") for album in albums),
        *((field, value, value) for field, values in equipment.items() for value in values),
    ]


async def _equipment(context: Context, scope: Scope) -> Mapping[Field, Sequence[str]]:
    """The cameras and lenses of the photos that the viewer may see, as the facets show them."""
    fields = (Field.CAMERA, Field.LENS)
    result = await context.sources.index.search(scope, SearchRequest(facets=tuple(FacetRequest(f) for f in fields)))
    return {f: [b.value for b in facet.buckets] for f, facet in zip(fields, result.facets, strict=True)}
