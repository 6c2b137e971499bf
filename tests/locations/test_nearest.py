"""All code paths (one, few and many points, with and without settled leaves) agree with plain geometry."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from datasources.locations import gazetteer as ways
from datasources.locations.artefact import DEFAULT_PATH, PackedFile, write
from datasources.locations.gazetteer import Gazetteer
from datasources.locations.morton_codes import FINE_PER_DEGREE, codes, parted
from datasources.locations.nearest import CAP_KM, HERE_KM, SETTLED, STEPS, chord, unit_vectors
from datasources.locations.port import PlaceKind, Point
from ingest.places.owners import Owners

Points = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.open()


def on_earth(points: Points) -> Points:
    return np.asarray(np.clip(points, [[-88], [-180]], [[88], [180]]))


def around_places(gazetteer: Gazetteer, count: int) -> Points:
    """Half of them around places, half anywhere; latitudes and longitudes."""
    chance, atlas = np.random.default_rng(11), gazetteer._atlas
    at = chance.integers(0, len(atlas.latitude), count // 2)
    near = np.stack([atlas.latitude[at], atlas.longitude[at]]) / 1e5 + chance.normal(0, 0.1, (2, count // 2))
    anywhere = np.stack([chance.uniform(-88, 88, count // 2), chance.uniform(-180, 180, count // 2)])
    return on_earth(np.concatenate([near, anywhere], axis=1))


def on_borders(gazetteer: Gazetteer, count: int) -> Points:
    """On borders and coasts and beside them, from a tenth of a metre to some kilometres; half of them where people live."""
    chance, zones, atlas = np.random.default_rng(12), gazetteer._zones, gazetteer._atlas
    edge = zones._edge[chance.integers(0, len(zones._edge), count)].astype(np.int64)
    at = chance.choice(len(atlas.latitude), count // 2, p=atlas._population / atlas._population.sum())
    homes = codes(np.stack([atlas.latitude[at], atlas.longitude[at]]) / 1e5)
    order = np.argsort(corners := codes(np.clip(np.stack([zones._y, zones._x]), -89.9, 179.9).astype(float)))
    peopled = order[np.minimum(np.searchsorted(corners, homes, sorter=order), len(order) - 2)]
    edge[: count // 2] = np.minimum(peopled, len(zones._x) - 2)
    part, aside = chance.uniform(0, 1, count), 10 ** chance.uniform(-6, -1.5, count) * chance.normal(0, 1, (2, count))
    ends = [np.stack([zones._y[e], zones._x[e]]).astype(float) for e in (edge, edge + 1)]
    short = np.abs(ends[1] - ends[0]).max(axis=0) < 5  # the last edge of a ring is followed by another ring
    return on_earth((ends[0] + part * (ends[1] - ends[0]) + aside)[:, short])


def at_the_edges() -> Points:
    """Poles, the date line, corners of cells and invalid points."""
    chance = np.random.default_rng(13)
    line = np.stack([chance.uniform(-80, 80, 300), np.where(chance.random(300) < 0.5, -180, 180)])
    corners = np.round(np.stack([chance.uniform(-60, 75, 1_000), chance.uniform(-180, 180, 1_000)]) * FINE_PER_DEGREE)
    odd = [(0, 0), (np.nan, 0), (0, np.nan), (91, 0), (0, 181), (89, 0), (-89, 5), (88.9999, 0), (np.inf, 0), (0, 10), (10, 0)]
    return np.concatenate([line, corners / FINE_PER_DEGREE, np.array(odd, float).T], axis=1)


@pytest.fixture(scope="module")
def points(gazetteer: Gazetteer) -> Points:
    every = np.concatenate([around_places(gazetteer, 30_000), on_borders(gazetteer, 30_000), at_the_edges()], axis=1)
    return np.ascontiguousarray(every[:, np.random.default_rng(14).permutation(every.shape[1])])


def test_one_by_one_and_all_at_once_are_the_same(gazetteer: Gazetteer, points: Points) -> None:
    some = points[:, :12_000]
    one_by_one = [gazetteer.locate_one(lat, lon) for lat, lon in some.T.tolist()]
    assert gazetteer.numbers(some[0], some[1]).tolist() == one_by_one


def test_batches_of_every_size_are_the_same(gazetteer: Gazetteer, points: Points) -> None:
    complete, apart = gazetteer._all_parts(points[0], points[1])
    assert points.shape[1] > ways._CHUNK
    sizes, at = np.random.default_rng(15), 0
    limits = {1, 2, ways._FEW, ways._FEW_OPEN, ways._INLINE, 100}
    near_limits = [size + more for size in sorted(limits) for more in (-1, 0, 1) if size + more]
    while at < 30_000:
        some = slice(at, at + int(sizes.choice(near_limits)))
        found, away = gazetteer._all_parts(points[0, some], points[1, some])
        assert found.tolist() == complete[some].tolist()
        assert away.tolist() == apart[some].tolist()
        at = some.stop


@pytest.mark.parametrize("count", [1, 2, ways._FEW_OPEN - 1, ways._FEW_OPEN, ways._FEW_OPEN + 1, 500])
def test_points_that_a_border_concerns_are_the_same_however_many(gazetteer: Gazetteer, points: Points, count: int) -> None:
    usual = points[:, (np.abs(points[0]) < 80) & (np.abs(points[1]) < 179)]
    complete, apart = gazetteer._all_parts(usual[0], usual[1])
    concerned = gazetteer._nearest.of(usual).open
    assert len(concerned) > 10_000
    for some in np.split(concerned[: count * 20], 20):
        found, away = gazetteer._all_parts(usual[0, some], usual[1, some])
        assert found.tolist() == complete[some].tolist()
        assert away.tolist() == apart[some].tolist()


@pytest.fixture(scope="module")
def unsettled(tmp_path_factory: pytest.TempPathFactory) -> Gazetteer:
    """A file of an earlier version: plain start codes and no settled flags."""
    shipped = PackedFile(DEFAULT_PATH)
    described = shipped.manifest["parts"]
    parts = {n: shipped.array(n) if "dtype" in part else shipped.text(n) for n, part in described.items() if n != SETTLED}
    del parts[STEPS]
    parts["cells.code"] = shipped.array(STEPS).cumsum(dtype="<u4")
    path = tmp_path_factory.mktemp("earlier") / "places.bin"
    write(path, {name: value for name, value in shipped.manifest.items() if name != "parts"}, parts, effort=1)
    return Gazetteer.open(path)


def test_what_is_settled_is_what_the_borders_say(gazetteer: Gazetteer, unsettled: Gazetteer, points: Points) -> None:
    settled, apart = gazetteer._all_parts(points[0], points[1])
    recomputed, away = unsettled._all_parts(points[0], points[1])
    assert settled.tolist() == recomputed.tolist()
    assert apart.tolist() == away.tolist()
    some = points[:, :2_000].T.tolist()
    assert [unsettled.locate_one(*point) for point in some] == settled[:2_000].tolist()


def test_most_points_where_people_live_ask_for_no_border(gazetteer: Gazetteer) -> None:
    chance, atlas = np.random.default_rng(16), gazetteer._atlas
    at = chance.choice(len(atlas.latitude), 20_000, p=atlas._population / atlas._population.sum())
    near = np.stack([atlas.latitude[at], atlas.longitude[at]]) / 1e5 + chance.normal(0, 0.03, (2, len(at)))
    assert len(gazetteer._nearest.of(np.clip(near, [[-88], [-179]], [[88], [179]])).open) < 0.02 * len(at)


def test_no_place_that_the_borders_allow_is_nearer_than_the_one_found(gazetteer: Gazetteer) -> None:
    atlas = gazetteer._atlas
    both = np.concatenate([around_places(gazetteer, 600), on_borders(gazetteer, 600)], axis=1)
    country, region = gazetteer._zones.of(both[0], both[1])
    found, apart = gazetteer._all_parts(both[0], both[1])
    vectors = unit_vectors(atlas.latitude / 1e5, atlas.longitude / 1e5)
    judged = 0
    for i, point in enumerate(unit_vectors(both[0], both[1])):
        away = np.linalg.norm(vectors - point, axis=1)
        allowed = atlas.country == country[i]
        own = allowed & ((atlas.region == region[i]) | (away < chord(HERE_KM)))
        if region[i] >= 0 and own.any():
            allowed = own
        least = away[allowed].min() if allowed.any() else np.inf
        if least < chord(CAP_KM) * 0.999:
            assert np.sqrt(apart[i]) == pytest.approx(least, abs=1e-6), (both[:, i], found[i])
            judged += 1
    assert judged > 600


def test_a_square_names_every_zone_that_its_points_lie_in(gazetteer: Gazetteer) -> None:
    artefact, atlas, chance = gazetteer._artefact, gazetteer._atlas, np.random.default_rng(17)
    parts = {group + n: artefact.array(group + n) for group in ("zone.", "border.") for n in artefact.names(group)}
    bits = chance.integers(0, 8, 3_000)
    code = codes(on_borders(gazetteer, 4_000)[:, :3_000]).astype(np.int64) >> 2 * bits << 2 * bits
    named = Owners(parts, atlas.first_region, atlas.region_country).of(code, bits)
    zones = set(zip(named.square.tolist(), named.country.tolist(), named.region.tolist(), strict=True))
    inside = chance.uniform(0, 1, (2, 20, len(code))) * (1 << bits)
    latitude, longitude = ((of + part) / FINE_PER_DEGREE for of, part in zip(parted(code)[::-1], inside, strict=True))
    latitude, longitude = np.clip(latitude.ravel() - 90, -88, 88), np.clip(longitude.ravel() - 180, -180, 179.999)
    square = np.tile(np.arange(len(code)), 20)
    country, region = gazetteer._zones.of(latitude, longitude)
    met = set(zip(square.tolist(), country.tolist(), region.tolist(), strict=True))
    assert met <= zones
    assert len(zones) < 2 * len(met)


async def test_a_border_of_a_region_overrules_a_nearer_place_across_it(gazetteer: Gazetteer) -> None:
    # Old Faithful: the nearest town is in Montana, and no town of Wyoming is within 100 km.
    wyoming, abbey = await gazetteer.locate([Point(44.4605, -110.8281), Point(48.6360, -1.5114)])
    assert wyoming is not None
    assert (wyoming.id, wyoming.precision) == ("US.WY", PlaceKind.REGION)
    assert abbey is not None
    assert (await gazetteer.by_ids([abbey.id]))[abbey.id].ancestors[1] == "FR.28"


def test_the_artefact_is_small_and_says_where_each_part_comes_from(gazetteer: Gazetteer) -> None:
    assert DEFAULT_PATH.stat().st_size <= 20_000_000
    assert all(set(s) >= {"part", "source", "version", "licence", "attribution"} for s in gazetteer.sources)
