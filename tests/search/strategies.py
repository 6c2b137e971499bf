"""Random documents, scopes and requests from small value sets, so that matches and ties are frequent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from access.classes import DataClass
from access.policy import MATRIX, service_visibility, support_visibility
from access.precision import LocationPrecision, TimePrecision
from access.scope import Grant, Scope, ServiceAccess
from access.viewer import Viewer, ViewerKind
from datasources.photo_key import PhotoKey
from datasources.search.conditions import (
    All,
    Any_,
    AnyOf,
    Between,
    Condition,
    Everything,
    Field,
    FileNamePart,
    HasWord,
    Kind,
    Not,
    Nothing,
    WithinBox,
    WithinCircle,
)
from datasources.search.port import Clause, Coordinates, FacetRequest, Order, PhotoDocument, Position, SearchRequest, TextQuery
from tests.search.makers import scope_of

OWNERS = ("ana", "bob", "cyn")
ALBUMS = ("x", "y", "z")
_HALVES = ("0000000000000001", "0000000000000002", "4000000000000000", "8000000000000000", "fffffffffffffffe", "ffffffffffffffff")
_TIMES = (
    *("0001-01-01T00:00:00", "1965-07-01T12:00:00", "1969-12-31T23:59:59", "2024-02-29T08:30:00", "2024-02-29T08:30:01"),
    *("2024-02-29T00:00:00", "2024-12-24T18:00:00", "2025-12-24T18:00:00", "9999-12-31T23:59:59"),
)
_TEXTS = (
    *("Beach at sunset", "beaches", "peach", "Málaga, ETE", "東京都の桜", "東京 京都", "海", "日本海", "Strände am Meer"),
    *("Les étés à la plage", "IMG 2041", "dog & dogs", "--- !!", "", "sunsets\nbeech", "서울 여행"),
)
_WORDS = (
    *("beach", "beaches", "bea", "sunset", "sunste", "peach", "malaga", "Málaga", "ete", "東", "京", "東京", "東京都", "海"),
    *("strand", "dog", "dogs", "d", "*", "AND", "beach OR sunset", "!!", "", "meer", "mer", "서울", "여"),
)
_NAMES = ("IMG_2041.JPG", "img_2041(1).jpg", "été à Nice.png", "写真.heic", "a", "no dots here")
_PARTS = ("img", "2041", "IMG_2041.JPG", ".", "_", "e", "ÉTÉ", " ", "写", "写真.h", "1).J", "dots here", "zz", "*", "", "4(")
_PLACES: tuple[dict[str, str], ...] = ({}, {"COUNTRY": "IT"}, {"COUNTRY": "IT", "REGION": "IT.16", "CITY": "gn:1"})
_FACETS = [f for f in Field if f.kind is not Kind.WORDS and f not in {Field.APERTURE, Field.DURATION}]
_VALUES = {
    Field.OWNER: OWNERS,
    Field.ALBUM: ALBUMS,
    Field.STATE: ("ACTIVE", "HIDDEN", "TRASHED"),
    Field.MEDIA_TYPE: ("PHOTO", "VIDEO"),
    Field.ORIENTATION: ("SQUARE", "PORTRAIT", "LANDSCAPE"),
    Field.COUNTRY: ("IT", "FR"),
    Field.REGION: ("IT.16",),
    Field.CITY: ("gn:1",),
    Field.LABEL: ("beach", "dog"),
    Field.KEYWORD: ("Été", "été", "two words"),
    Field.PERSON: ("p1", "p2"),
}
_NUMBERS = (0, 1, 2, 4, 7, 100, 229, 1224, 1969, 2024, 202402, 20240229, 1709195400, 0.5, -5e12, 1e13, 1700000000000)
_degrees = st.sampled_from([-180.0, -179.5, -90.0, -1.0, 0.0, 0.25, 45.0, 89.0, 179.5, 180.0])
_north = st.sampled_from([-90.0, -45.0, -0.5, 0.0, 0.25, 45.0, 89.0, 90.0])


def _maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


def _some(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=3).map(tuple)


_points = _maybe(st.builds(Coordinates, _north, _degrees))
_levels = st.sampled_from(LocationPrecision)
photo_ids = st.builds(lambda high, low: high + low, st.sampled_from(_HALVES), st.sampled_from(_HALVES))
keys = st.builds(PhotoKey, st.sampled_from(OWNERS), photo_ids)
documents = st.builds(
    PhotoDocument,
    key=keys,
    version=st.just(1),
    state=st.sampled_from(["ACTIVE", "ACTIVE", "HIDDEN", "TRASHED"]),
    media_type=st.sampled_from(["PHOTO", "VIDEO"]),
    added_at_ms=st.sampled_from([0, 1_700_000_000_000, 1_700_000_000_001]),
    taken_local=_maybe(st.sampled_from(_TIMES)),
    instant=_maybe(st.sampled_from([-62_135_596_800, -5, 1_709_195_400])),
    albums=_some(ALBUMS),
    places=st.sampled_from(_PLACES),
    exact=_points,
    kilometer=_points,
    city=_points,
    country=_points,
    home=st.booleans(),
    people=_some(("p1", "p2")),
    labels=_some(("beach", "dog")),
    keywords=_some(("Été", "été", "two words")),
    text=_some(_TEXTS),
    has_caption=st.booleans(),
    file_name=_maybe(st.sampled_from(_NAMES)),
    iso=_maybe(st.sampled_from([100.0, 200.0])),
    aperture=_maybe(st.sampled_from([0.5, 2.8])),
    width=_maybe(st.sampled_from([100, 200])),
    height=_maybe(st.sampled_from([100, 200])),
    duration=_maybe(st.sampled_from([0.5, 7.0])),
    favorite=st.booleans(),
    rating=_maybe(st.sampled_from([0, 1, 4])),
)
# An id is a keyed hash of owner and source: no two owners have a photo of one id.
libraries = st.lists(documents, max_size=25, unique_by=lambda d: d.key.id)

_grants = st.builds(
    Grant, st.sampled_from(OWNERS), st.sampled_from(ALBUMS), _levels, st.sampled_from(TimePrecision), st.booleans()
)
_settling = st.just(frozenset[str]()) | st.frozensets(st.sampled_from(OWNERS), max_size=2)
_shares = st.builds(
    lambda own, grants, settling: replace(scope_of(own, *grants), pending_zones=settling),
    st.sampled_from(["ana", "ana", "bob", None]),
    st.lists(_grants, max_size=4),
    _settling,
)
_service = st.builds(
    lambda scopes: service_visibility(Viewer(ViewerKind.SERVICE, "s", scopes=scopes, purpose="tests")),
    st.frozensets(st.sampled_from([r.service.scope for r in MATRIX.values() if r.service and r.service.scope])),
)
_visibilities = _service | st.builds(support_visibility, st.frozensets(st.sampled_from(DataClass)))
_leaves_given = st.builds(
    lambda visibility, owner, settling: Scope(
        Viewer(ViewerKind.SERVICE, "s"),
        service_access=visibility and ServiceAccess(visibility, frozenset({owner})),
        pending_zones=settling,
    ),
    _visibilities,
    st.sampled_from(OWNERS),
    _settling,
)
scopes: st.SearchStrategy[Scope] = _shares | _leaves_given

_any_of = st.sampled_from([f for f in Field if f.kind is Kind.KEYWORD]).flatmap(
    lambda f: st.builds(AnyOf, st.just(f), _some(_VALUES.get(f, ("true", "false"))))
)
_between = st.builds(
    Between,
    st.sampled_from([f for f in Field if f.kind is Kind.NUMBER]),
    _maybe(st.sampled_from(_NUMBERS)),
    _maybe(st.sampled_from(_NUMBERS)),
)
_leaves = st.one_of(
    _any_of,
    _between,
    st.builds(WithinBox, _levels, _degrees, _north, _degrees, _north),
    st.builds(WithinCircle, _levels, _north, _degrees, st.sampled_from([0.0, 60_000.0, 5_000_000.0, 12_000_000.0, 2.1e7])),
    st.builds(
        HasWord,
        st.sampled_from(_WORDS),
        st.booleans(),
        st.booleans(),
        st.booleans(),
        st.sampled_from([(), ("de",), ("it", "fr-CA")]),
    ),
    st.builds(FileNamePart, st.sampled_from(_PARTS)),
    st.just(Everything()),
    st.just(Nothing()),
)
conditions: st.SearchStrategy[Condition] = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.builds(All, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Any_, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=6,
)
_wide = st.just(Everything()) | conditions
_clauses = st.builds(Clause, conditions, st.sampled_from([0.1, 0.2, 0.3, 1.0, 2.5, 0.0000001]))
_texts = st.builds(
    TextQuery, st.lists(_clauses, max_size=4).map(tuple), st.integers(0, 3), st.lists(_clauses, max_size=2).map(tuple)
)
_facets = st.builds(FacetRequest, st.sampled_from(_FACETS), _wide, st.booleans())
requests = st.builds(
    SearchRequest,
    condition=_wide,
    text=_maybe(_texts),
    order=st.sampled_from(Order),
    limit=st.integers(0, 30),
    after=_maybe(st.builds(Position, st.just(0.0) | st.floats(0, 3), st.integers(0, (1 << 64) - 1), photo_ids)),
    backwards=st.booleans(),
    total=st.booleans(),
    facets=st.lists(_facets, max_size=3).map(tuple),
)
