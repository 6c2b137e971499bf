from __future__ import annotations

import stat
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from access.ids import Ids
from access.viewer import GuestLink, ViewerKind
from identity.issuer import LocalIssuer
from identity.verifier import Unauthenticated, Verifier, bearer_token

AUDIENCE = "photos-data-gateway"
NOW = 1_800_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


class Installation:
    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.dev = LocalIssuer.development(folder, AUDIENCE, self.clock)
        self.links = LocalIssuer.links(folder, AUDIENCE, self.clock)
        self.ids = Ids(b"s" * 32)
        trusted = {i.name: i.trusted for i in (self.dev, self.links)}
        self.verifier = Verifier(trusted, AUDIENCE, self.ids, self.clock)

    def signed(
        self, *, headers: Mapping[str, Any] | None = None, key: Any = None, algorithm: str = "EdDSA", **claims: Any
    ) -> str:
        fair = {"iss": self.dev.name, "aud": AUDIENCE, "sub": "ana", "kind": "customer", "iat": NOW, "exp": NOW + 600}
        payload = {k: v for k, v in {**fair, **claims}.items() if v is not None}
        head = {"typ": "at+jwt", "kid": self.dev.kid, **(headers or {})}
        return jwt.encode(payload, key or self.dev._key, algorithm=algorithm, headers=head)


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


def refused(here: Installation, token: str) -> str:
    with pytest.raises(Unauthenticated) as claimed:
        here.verifier.viewer(token)
    return claimed.value.reason


def test_a_customers_token_is_the_customer_by_the_hash_of_its_subject(here: Installation) -> None:
    viewer = here.verifier.viewer(here.dev.customer("ana"))
    assert (viewer.kind, viewer.subject) == (ViewerKind.CUSTOMER, "ana")
    assert viewer.customer == here.ids.local_id("customer", "ana")
    assert viewer.expires_at == NOW + 3_600


def test_a_service_has_scopes_and_purpose_and_no_customer(here: Installation) -> None:
    viewer = here.verifier.viewer(here.dev.service("etl", ("photos:read", "photos:time"), "reports"))
    assert (viewer.kind, viewer.customer, viewer.purpose) == (ViewerKind.SERVICE, None, "reports")
    assert viewer.scopes == {"photos:read", "photos:time"}


def test_a_guest_is_bound_to_the_link_and_ends_with_it(here: Installation) -> None:
    of = GuestLink("o", "a", "link:1")
    viewer = here.verifier.viewer(here.links.guest(of, until_s=NOW + 60))
    assert (viewer.kind, viewer.guest_of, viewer.expires_at) == (ViewerKind.GUEST, of, NOW + 60)


def test_the_key_is_made_once_for_an_installation_and_is_its_owners_alone(tmp_path: Path) -> None:
    first, second = Installation(tmp_path), Installation(tmp_path)
    assert second.verifier.viewer(first.dev.customer("ana")).subject == "ana"
    for name in ("issuer.key", "links.key"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert sorted(p.name for p in tmp_path.iterdir()) == ["issuer.key", "links.key"]


def test_another_installations_token_is_refused(here: Installation, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert refused(here, Installation(tmp_path / "other").dev.customer("ana")) == "ISSUER"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": None}, "CLAIMS"),
        ({"iat": None}, "CLAIMS"),
        ({"sub": None}, "CLAIMS"),
        ({"aud": None}, "CLAIMS"),
        ({"aud": "somebody-else"}, "AUDIENCE"),
        ({"iss": "urn:evil"}, "ISSUER"),
        ({"iss": None}, "ISSUER"),
        ({"exp": NOW - 31}, "EXPIRED"),
        ({"iat": NOW + 31}, "NOT_YET"),
        ({"nbf": NOW + 31}, "NOT_YET"),
        ({"exp": NOW + 3_601}, "LIFETIME"),
        ({"exp": "soon"}, "CLAIMS"),
        ({"exp": True}, "CLAIMS"),
        ({"exp": float("inf")}, "CLAIMS"),
        ({"exp": float("nan")}, "CLAIMS"),
        ({"kind": None}, "CLAIMS"),
        ({"kind": "admin"}, "CLAIMS"),
        ({"kind": ["customer"]}, "CLAIMS"),
        ({"kind": "guest", "guest": {"owner": "o", "album": "a", "grantee": "g"}}, "CLAIMS"),
        ({"sub": ""}, "CLAIMS"),
        ({"sub": "a" * 257}, "CLAIMS"),
        ({"sub": "a\nb"}, "CLAIMS"),
        ({"kind": "service", "scope": ["photos:read"]}, "CLAIMS"),
    ],
)
def test_a_token_that_says_something_impossible_is_refused(here: Installation, claims: dict[str, Any], reason: str) -> None:
    assert refused(here, here.signed(**claims)) == reason


def test_thirty_seconds_of_skew_are_forgiven(here: Installation) -> None:
    assert here.verifier.viewer(here.signed(iat=NOW + 29, exp=NOW + 100)).subject == "ana"
    assert here.verifier.viewer(here.signed(iat=NOW - 600, exp=NOW - 29)).subject == "ana"


def test_other_keys_algorithms_and_types_are_refused(here: Installation) -> None:
    public = here.dev._key.public_key().public_bytes_raw()
    assert refused(here, here.signed(key=Ed25519PrivateKey.generate())) == "SIGNATURE"
    assert refused(here, here.signed(key=public, algorithm="HS256")) == "SIGNATURE"
    assert refused(here, jwt.encode({"iss": here.dev.name}, "", algorithm="none", headers={"typ": "at+jwt"})) == "ISSUER"
    assert refused(here, here.signed(headers={"typ": "JWT"})) == "TYPE"
    assert refused(here, here.signed(headers={"kid": "elsewhere"})) == "ISSUER"
    assert refused(here, here.signed(headers={"crit": ["new"], "new": 1})) in {"SIGNATURE", "MALFORMED"}


DEEP = f"eyJhbGciOiJFZERTQSJ9.{b64encode(b'[' * 5_700).decode().rstrip('=')}.e30"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "\ud800.é.ü", "..", "e30.e30.", "null.null.null", "W10.W10.x", DEEP])
def test_what_is_no_token_is_refused_without_a_crash(here: Installation, token: str) -> None:
    assert refused(here, token) in {"MALFORMED", "TYPE", "ISSUER"}


def test_a_long_token_is_refused_before_anything_is_read_of_it(here: Installation) -> None:
    assert refused(here, here.dev.customer("ana") + "x" * 8_192) == "TOO_LONG"


def test_an_altered_token_is_refused(here: Installation) -> None:
    head, body, signature = here.dev.customer("ana").split(".")
    _, other, _ = here.dev.customer("bob").split(".")
    assert refused(here, f"{head}.{other}.{signature}") == "SIGNATURE"
    assert here.verifier.viewer(f"{head}.{body}.{signature}").subject == "ana"


def test_a_verified_token_is_remembered_but_never_beyond_its_end(here: Installation) -> None:
    token = here.signed(exp=NOW + 20)
    here.verifier.viewer(token)
    here.clock.now = NOW + 19
    assert here.verifier.viewer(token).subject == "ana"
    here.clock.now = NOW + 51
    assert refused(here, token) == "EXPIRED"


def test_the_memory_of_verified_tokens_is_bounded(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("identity.verifier._CACHED", 3)
    for i in range(10):
        here.verifier.viewer(here.dev.customer(f"c{i}"))
    assert len(here.verifier._seen) == 3


@pytest.mark.parametrize("header", [None, "", "Basic abc", "Bearer", "Bearer  ", "token"])
def test_a_header_without_a_bearer_token_is_no_identity(header: str | None) -> None:
    with pytest.raises(Unauthenticated):
        bearer_token(header)


def test_an_issuer_gives_no_tokens_for_kinds_that_are_not_its_own(here: Installation) -> None:
    with pytest.raises(ValueError, match="issues no tokens"):
        here.dev.token(ViewerKind.GUEST, "x")
