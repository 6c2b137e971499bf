"""Who looks, and what they may know of each photo: the rules as people read them, said without asking `access`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from access.precision import LocationPrecision as L
from access.precision import TimePrecision as T
from access.viewer import GuestLink, TicketRef, Viewer, ViewerKind
from tests.policy.library import (
    ALBUMS,
    PEOPLE,
    POINTS,
    ROME,
    WORDS,
    ZONES,
    Account,
    Known,
    OtherGrant,
    Spec,
    World,
    draw,
    redrawn,
    tile,
)

ALL = frozenset(
    {"OPERATIONAL", "TIME", "PLACE", "LOCATION", "CONTENT", "FILE_NAME", "OWNER_STATE", "BIOMETRIC", "IDENTITY", "PICTURE"}
)
SHARED = ALL - {"OWNER_STATE", "BIOMETRIC"}
SCOPES = {
    "read": "OPERATIONAL",
    "time": "TIME",
    "place": "PLACE",
    "location": "LOCATION",
    "content": "CONTENT",
    "people": "BIOMETRIC",
    "picture": "PICTURE",
}
LINK = "link:0123456789abcdef"
SLOT = "00000000000001#77"


@dataclass(frozen=True)
class Looker:
    """A viewer, what was granted to them, and which classes they were given."""

    kind: str
    grants: tuple[tuple[str, L, T], ...] = ()
    classes: frozenset[str] = frozenset()

    def viewer(self, ids: dict[str, str]) -> Viewer:
        """`ids`: local ids of ana's albums."""
        match self.kind:
            case "customer" | "stranger":
                return Viewer(ViewerKind.CUSTOMER, "bob", customer="bob")
            case "guest":
                return Viewer(ViewerKind.GUEST, LINK, guest_of=GuestLink("ana", ids[self.grants[0][0]], LINK))
            case "service":
                named = frozenset(f"photos:{s}" for s, c in SCOPES.items() if c in self.classes)
                return Viewer(ViewerKind.SERVICE, "s", scopes=named, purpose="tests")
            case _:
                return Viewer(ViewerKind.SUPPORT, "sam", ticket=TicketRef("ana", SLOT))

    def known(self, spec: Spec, *, home: bool) -> Known | None:
        """None: the photo is not there."""
        if self.kind in {"customer", "stranger"} and spec.owner == "bob":
            return Known(owner=True, classes=ALL)
        seen = self._others(spec) if spec.active else None
        if seen is not None and home:
            return replace(seen, place=min(seen.place, L.CITY), point=min(seen.point, L.CITY))
        return seen

    def _others(self, spec: Spec) -> Known | None:
        c = self.classes
        if self.kind == "service":
            point = L.EXACT if "LOCATION" in c else L.NONE
            return Known(T.EXACT if "TIME" in c else T.NONE, L.CITY if "PLACE" in c else L.NONE, point, classes=c)
        if self.kind == "support":
            return Known(T.DAY if "TIME" in c else T.NONE, L.NONE, L.NONE, classes=c) if spec.owner == "ana" else None
        shown = [(place, time) for album, place, time in self.grants if album in spec.albums and spec.owner == "ana"]
        if not shown:
            return None
        place = max(p for p, _ in shown)
        return Known(max(t for _, t in shown), place, place, classes=c)

    def visible_albums(self, owner: str, known: Known) -> frozenset[str]:
        """Which albums of a photo show to this viewer."""
        if known.owner or (self.kind == "service" and "CONTENT" in self.classes):
            return frozenset(ALBUMS[owner])
        return frozenset(a for a, _, _ in self.grants) if owner == "ana" else frozenset()


def some_looker(rng: Random) -> Looker:
    kind = rng.choice(["customer", "customer", "customer", "guest", "service", "service", "support", "stranger"])
    levels, times = list(L), list(T)
    shares = tuple((a, rng.choice(levels), rng.choice(times)) for a in rng.sample(["x", "y"], 2))
    match kind:
        case "customer":
            return Looker(kind, shares[: rng.choice([1, 2])], SHARED)
        case "guest":
            return Looker(kind, shares[:1], SHARED - {"IDENTITY"})
        case "service":
            return Looker(
                kind, classes=frozenset({"OPERATIONAL", "TIME", *rng.sample(["PLACE", "LOCATION", "CONTENT", "BIOMETRIC"], 2)})
            )
        case "support":
            return Looker(kind, classes=frozenset({"OPERATIONAL", *rng.sample(["TIME"], rng.randrange(2))}))
        case _:
            return Looker(kind)


def two_worlds(looker: Looker, rng: Random) -> tuple[World, World]:
    """A world and another, between which this viewer may not tell."""
    sizes = {"ana": 14, "bob": 5, "cyn": 4}
    specs = tuple(draw(rng, owner, f"{owner}{i}") for owner, size in sizes.items() for i in range(size))
    zone = _zone(specs, rng) if rng.random() < 0.5 else None
    names = {(o, t): f"{rng.choice(WORDS)} {t}" for o in ALBUMS for t in (*ALBUMS[o], "eva", "max", "ivy", "zoe", o)}
    one = World(
        specs,
        names,
        zone,
        _strangers(rng),
        {(o, t): _cover(specs, o, rng) for o in ALBUMS for t in (*ALBUMS[o], *PEOPLE[o])},
        {o: _account(o, rng) for o in (*ALBUMS, "dan")},
        {(o, a): _moment(rng) for o in ALBUMS for a in ALBUMS[o]},
        _merged(rng),
    )
    return one, _other(one, looker, rng)


def _strangers(rng: Random) -> tuple[OtherGrant, ...]:
    return tuple(
        OtherGrant(
            grantee, album, int(rng.choice(list(L))), int(rng.choice(list(T))), rng.random() < 0.5,
            rng.choice([None, 1_790_100_000_000, 1_790_200_000_000]), _moment(rng),
        )
        for grantee in ("cyn", "dan")
        for album in ("x", "z")
        if rng.random() < 0.7
    )  # fmt: skip


def _cover(specs: Sequence[Spec], owner: str, rng: Random) -> str | None:
    return rng.choice([None, *(s.name for s in specs if s.owner == owner)])


def _account(owner: str, rng: Random) -> Account:
    external_id = f"{owner}@{rng.choice(('outside', 'elsewhere', 'example'))}"
    return Account(external_id, _moment(rng), rng.choice([(), ("it",), ("de", "en")]), rng.choice([None, *ZONES.values()]))


def _moment(rng: Random) -> int:
    return 1_700_000_000_000 + rng.randrange(10**9)


def _merged(rng: Random) -> frozenset[tuple[str, str]]:
    return frozenset((o, PEOPLE[o][0]) for o in ("ana",) if rng.random() < 0.3)


def _other(one: World, looker: Looker, rng: Random) -> World:
    specs: list[Spec] = []
    for spec in one.specs:
        home = spec.owner == "ana" and one.zone is not None and (spec.at is None or tile(*spec.at, 14) == tile(*one.zone[:2], 14))
        known = looker.known(spec, home=home)
        if known is None:
            specs += _unseen(spec, looker, rng)
            continue
        plain = looker.known(spec, home=False)
        assert plain is not None
        shows = one.zone is not None and spec.owner == "ana" and max(plain.point, plain.place) > L.CITY
        specs.append(
            spec
            if known.owner
            else redrawn(spec, known, rng, home=home if shows else None, visible_albums=looker.visible_albums(spec.owner, known))
        )
    specs += [s for i in range(rng.randrange(4)) for s in _unseen(draw(rng, "cyn", f"more{i}"), looker, rng)]
    names = {
        key: name if _name_visible(key, looker) else f"{rng.choice(WORDS)} {key[1]} other" for key, name in one.names.items()
    }
    zone = None if one.zone is None else (*_inside(one.zone, rng), rng.uniform(1, 20))
    own = "bob" if looker.kind in {"customer", "stranger"} else None
    return World(
        tuple(specs),
        names,
        zone,
        _strangers(rng),
        {key: _other_cover(key, one, specs, looker, rng) for key in one.covers},
        {o: account if o == own else _account(o, rng) for o, account in one.accounts.items()},
        {key: at if _created_at_seen(key, looker) else _moment(rng) for key, at in one.created_at_ms.items()},
        one.merged if "BIOMETRIC" in looker.classes else _merged(rng),
    )


def _other_cover(key: tuple[str, str], one: World, specs: Sequence[Spec], looker: Looker, rng: Random) -> str | None:
    """The same cover if the viewer sees the photo in this album or with this person; otherwise any other photo, or none."""
    owner, holder = key
    if not _name_visible(key, looker):
        return _cover(specs, owner, rng)

    def seen(spec: Spec) -> bool:
        holds = holder in spec.albums or holder in spec.people
        return spec.owner == owner and holds and looker.known(spec, home=False) is not None

    chosen = one.covers[key]
    if (looker.kind in {"customer", "stranger"} and owner == "bob") or any(s.name == chosen and seen(s) for s in one.specs):
        return chosen
    return rng.choice([None, *(s.name for s in specs if s.owner == owner and not seen(s))])


def _unseen(spec: Spec, looker: Looker, rng: Random) -> list[Spec]:
    """Something else that is not seen either, or nothing."""
    if rng.random() < 0.3:
        return []
    for _ in range(20):
        other = draw(rng, spec.owner, spec.name)
        if looker.known(other, home=False) is None:
            return [other]
    return []


def _zone(specs: tuple[Spec, ...], rng: Random) -> tuple[float, float, float]:
    """A tiny circle well inside one cell, where photos are if there are any."""
    at = next((s.at for s in specs if s.owner == "ana" and s.at), POINTS[ROME])
    return (*_inside((*at, 0.0), rng), 5.0)


def _inside(zone: tuple[float, float, float], rng: Random) -> tuple[float, float]:
    """Another point of the same cell, at least 100 m from its edge."""
    while True:
        at = zone[0] + rng.uniform(-0.01, 0.01), zone[1] + rng.uniform(-0.01, 0.01)
        around = {tile(at[0] + a, at[1] + o, 14) for a in (-0.001, 0.001) for o in (-0.0015, 0.0015)}
        if around == {tile(*zone[:2], 14)}:
            return at


def _created_at_seen(key: tuple[str, str], looker: Looker) -> bool:
    """Whether the viewer may know when the album was created: only those who may see its exact times."""
    owner, album = key
    if looker.kind in {"customer", "stranger"} and owner == "bob":
        return True
    if looker.kind == "service":
        return "TIME" in looker.classes
    return owner == "ana" and any(a == album and time is T.EXACT for a, _, time in looker.grants)


def _name_visible(key: tuple[str, str], looker: Looker) -> bool:
    owner, thing = key
    if looker.kind in {"customer", "stranger"} and owner == "bob":
        return True
    if looker.kind == "service":
        needed = "CONTENT" if thing in ALBUMS[owner] else "IDENTITY" if thing == owner else "BIOMETRIC"
        return needed in looker.classes
    granted = {a for a, _, _ in looker.grants}
    return bool(granted) and owner == "ana" and (thing in granted or (thing == "ana" and looker.kind != "guest"))
