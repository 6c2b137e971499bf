"""Tokens of issuers outside: a real server gives their keys, well and badly."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from pydantic import ValidationError

from access.ids import Ids
from access.viewer import ViewerKind
from identity.jwks import MAX_AGE_S, MAX_BYTES, REFRESH_AFTER_S, RETRY_S, RemoteKeys
from identity.keys import WeakKey, key_of
from identity.oidc_issuers import OidcIssuers
from identity.verifier import KeysUnavailable, TrustedIssuer, Unauthenticated, Verifier
from settings import Issuer, Settings
from tests.identity.oidc_provider import AUDIENCE, NAME, NOW, RSA, Clock, Provider, jwk_of, providing


@dataclass
class World:
    provider: Provider
    clock: Clock
    verifier: Verifier
    outside: OidcIssuers

    @property
    def keys(self) -> RemoteKeys:
        found = self.outside.trusted[NAME].keys
        assert isinstance(found, RemoteKeys)
        return found

    async def reason(self, token: str) -> str:
        """Why it is refused; empty where it is not."""
        try:
            await self.verifier.identify(token)
        except Unauthenticated as refused:
            return refused.reason
        return ""


def world_of(provider: Provider, **settings: Any) -> World:
    clock = Clock()
    issuer = Issuer(name=NAME, jwks=provider.url, **settings)
    outside = OidcIssuers.of([issuer], clock)
    return World(provider, clock, Verifier(outside.trusted, AUDIENCE, Ids(b"s" * 32), clock), outside)


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with providing() as made:
        yield made


@pytest.fixture
async def world(provider: Provider) -> AsyncIterator[World]:
    made = world_of(provider)
    yield made
    await made.outside.close()


async def test_a_token_of_the_issuer_is_its_customer_and_the_keys_are_fetched_once(world: World) -> None:
    viewers = [await world.verifier.identify(world.provider.token(sub=f"c{n}")) for n in range(3)]
    assert {(v.kind, v.subject) for v in viewers} == {(ViewerKind.CUSTOMER, f"c{n}") for n in range(3)}
    assert world.provider.requests == 1


async def test_a_hundred_who_come_at_once_ask_once(world: World) -> None:
    world.provider.gate.clear()
    waiting = [asyncio.create_task(world.reason(world.provider.token(sub=f"c{n}"))) for n in range(100)]
    await world.provider.arrived.wait()
    world.provider.gate.set()
    assert set(await asyncio.gather(*waiting)) == {""}
    assert world.provider.requests == 1


async def test_a_cancelled_caller_does_not_cancel_the_fetch_of_others(world: World) -> None:
    world.provider.gate.clear()
    first, second = (asyncio.create_task(world.reason(world.provider.token(sub=s))) for s in ("a", "b"))
    await world.provider.arrived.wait()
    first.cancel()
    world.provider.gate.set()
    assert await second == ""


async def test_a_rotated_key_is_found_and_unknown_ones_do_not_make_us_ask_at_will(world: World) -> None:
    assert await world.reason(world.provider.token()) == ""
    fresh = ed25519.Ed25519PrivateKey.generate()
    for n in range(20):
        assert await world.reason(world.provider.token(kid=f"x{n}", key=RSA)) == "ISSUER"
    assert world.provider.requests == 1
    world.provider.keys = {"k1": RSA, "k2": rsa.generate_private_key(65_537, 2_048)}
    world.clock.now += RETRY_S
    assert await world.reason(world.provider.token(kid="k2")) == ""
    assert world.provider.requests == 2
    assert await world.reason(world.provider.token(kid="k1", key=fresh)) == "SIGNATURE"


async def test_a_key_that_is_published_no_more_is_believed_no_more(world: World) -> None:
    assert await world.reason(world.provider.token()) == ""
    world.provider.keys = {"k2": RSA}
    world.clock.now += REFRESH_AFTER_S + 1
    assert await world.reason(world.provider.token(key=RSA, sub="old", exp=NOW + 3_000)) == ""  # refreshed beside this one
    assert world.keys._fetching is not None
    await world.keys._fetching
    assert await world.reason(world.provider.token(kid="k1", key=RSA, sub="new", exp=NOW + 3_000)) == "ISSUER"


@pytest.mark.parametrize("how", ["down", "garbage", "empty", "huge", "moved", "weak", "none"])
async def test_what_was_good_last_stays_good_for_a_day_while_the_issuer_is_broken(world: World, how: str) -> None:
    assert await world.reason(world.provider.token()) == ""
    breaks(world.provider, how)
    for _ in range(3):
        world.clock.now += REFRESH_AFTER_S + 1
        later: dict[str, Any] = {"iat": world.clock.now, "exp": world.clock.now + 60}
        assert await world.reason(world.provider.token(key=RSA, **later)) == ""
        assert world.keys._fetching is not None
        await world.keys._fetching
    assert world.provider.requests == 4
    world.clock.now += MAX_AGE_S
    later = {"iat": world.clock.now, "exp": world.clock.now + 60}
    assert await world.reason(world.provider.token(key=RSA, **later)) == "ISSUER_DOWN"


def breaks(provider: Provider, how: str) -> None:
    match how:
        case "down":
            provider.status = 503
        case "garbage":
            provider.body = b"<html>"
        case "empty":
            provider.body = b'{"keys": []}'
        case "huge":
            provider.body = provider.jwks() + b" " * MAX_BYTES
        case "moved":
            provider.status, provider.headers = 302, f"location: {provider.url}\r\n"
        case "weak":
            provider.keys = {"k1": rsa.generate_private_key(65_537, 1_024)}
        case _:
            provider.body = b"null"


@pytest.mark.parametrize("how", ["down", "garbage"])
async def test_an_issuer_that_never_answered_is_unavailable_and_not_an_unknown_caller(world: World, how: str) -> None:
    breaks(world.provider, how)
    for _ in range(5):
        with pytest.raises(KeysUnavailable):
            await world.verifier.identify(world.provider.token(key=RSA))
    assert world.provider.requests == 1


async def test_an_issuer_that_does_not_end_its_answer_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("identity.jwks.TIMEOUT_S", 0.05)
    world.provider.gate.clear()
    with pytest.raises(KeysUnavailable):
        await world.verifier.identify(world.provider.token())


@pytest.mark.parametrize(
    ("claims", "headers", "reason"),
    [
        ({"aud": "somebody-else"}, {}, "AUDIENCE"),
        ({"exp": NOW + 3_601}, {}, "LIFETIME"),
        ({"kind": "service"}, {}, "CLAIMS"),
        ({"kind": "guest"}, {}, "CLAIMS"),
        ({"scope": 7}, {}, "CLAIMS"),
        ({"scope": ["a b"]}, {}, "CLAIMS"),
        ({"iss": "https://id.example/"}, {}, "ISSUER"),
        ({}, {"typ": "JWT"}, "TYPE"),
        ({}, {"crit": ["x"], "x": 1}, "MALFORMED"),
        ({}, {"b64": False}, "MALFORMED"),
    ],
)
async def test_the_same_strictness_holds_for_issuers_outside(
    world: World, claims: dict[str, Any], headers: dict[str, Any], reason: str
) -> None:
    assert await world.reason(world.provider.token(headers=headers, **claims)) == reason


async def test_keys_that_a_token_brings_itself_are_not_looked_at(world: World) -> None:
    mine = rsa.generate_private_key(65_537, 2_048)
    brought = {"jwk": jwk_of(mine, "k1"), "jku": "http://127.0.0.1:9/", "x5u": "http://127.0.0.1:9/", "x5c": ["AAAA"]}
    assert await world.reason(world.provider.token(key=mine, headers=brought)) == "SIGNATURE"
    assert await world.reason(world.provider.token(headers=brought)) == ""


async def test_services_of_an_issuer_have_scopes_and_purpose_by_its_own_claim_names(provider: Provider) -> None:
    world = world_of(
        provider,
        kinds=("customer", "service"),
        kind_claim="who",
        scope_claim="scp",
        purpose_claim="why",
        types=("jwt",),
        audience="api",
    )
    token = provider.token(aud=["api", "other"], who="service", scp=["photos:read"], why="reports", headers={"typ": "JWT"})
    viewer = await world.verifier.identify(token)
    assert (viewer.kind, viewer.scopes, viewer.purpose) == (ViewerKind.SERVICE, frozenset({"photos:read"}), "reports")
    assert await world.reason(provider.token(aud="api", headers={"typ": "JWT"})) == "CLAIMS"  # it speaks for both, so it must say
    await world.outside.close()


@pytest.mark.parametrize(
    ("key", "algorithms", "reason"),
    [
        (rsa.generate_private_key(65_537, 1_024), ("RS256",), "SIZE"),
        (RSA, ("ES256",), "TYPE"),
        (ec.generate_private_key(ec.SECP384R1()), ("ES256",), "CURVE"),
        (ec.generate_private_key(ec.SECP256K1()), ("ES256",), "CURVE"),
        (ed25519.Ed25519PrivateKey.generate(), ("RS256",), "TYPE"),
    ],
)
def test_weak_and_foreign_keys_are_refused(key: Any, algorithms: tuple[str, ...], reason: str) -> None:
    with pytest.raises(WeakKey, match=reason):
        key_of(jwk_of(key, "k"), algorithms)


@pytest.mark.parametrize(
    ("jwk", "reason"),
    [
        ({"kty": "oct", "k": "c2VjcmV0"}, "TYPE"),
        ({"kty": "RSA", "n": "AQAB", "e": "AQAB", "d": "AQAB"}, "TYPE"),
        ({**jwk_of(RSA, "k"), "use": "enc"}, "USE"),
        ({**jwk_of(RSA, "k"), "alg": "HS256"}, "USE"),
        ({**jwk_of(RSA, "k"), "alg": "RS512"}, "USE"),
        ({"kty": "RSA", "n": "!", "e": "AQAB"}, "MALFORMED"),
        ({"kty": "RSA"}, "MALFORMED"),
    ],
)
def test_what_is_no_public_key_for_signatures_is_refused(jwk: dict[str, Any], reason: str) -> None:
    with pytest.raises(WeakKey, match=reason):
        key_of(jwk, ("RS256",))


def test_nobody_is_believed_by_a_shared_secret() -> None:
    for algorithms in (("HS256",), ("none",), ("RS256", "HS512"), ()):
        with pytest.raises(ValueError, match="key pair"):
            TrustedIssuer("x", {}, algorithms, frozenset({ViewerKind.CUSTOMER}))


@pytest.mark.parametrize(
    "issuers",
    [
        [{"name": "a", "jwks": "http://id.example/jwks"}],
        [{"name": "a", "jwks": "https://id.example/jwks", "algorithms": ["HS256"]}],
        [{"name": "a", "jwks": "https://id.example/jwks", "kinds": ["guest"]}],
        [{"name": "a", "jwks": "https://id.example/1"}, {"name": "a", "jwks": "https://id.example/2", "kinds": ["service"]}],
        [{"name": "a", "jwks": "https://id.example/1"}, {"name": "b", "jwks": "https://id.example/2"}],
        [{"name": "urn:photos:dev", "jwks": "https://id.example/1"}],
        [{"name": "a", "jwks": "https://id.example/jwks", "verify": False}],
    ],
)
def test_settings_that_would_believe_too_much_are_refused(issuers: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOS_ISSUERS", json.dumps(issuers))
    with pytest.raises(ValidationError):
        Settings()
