"""Differences between the production and the development profile."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import get_introspection_query
from starlette.applications import Starlette

from access.viewer import ViewerKind
from datasources.tables.documents import DocumentRecord
from identity.issuer import LocalIssuer
from identity.verifier import Verifier
from schema.build import build
from server import graphql_routes
from serving.authentication import Authenticator
from settings import Profile, Settings, UnusableSettings, production_indicator
from tests.requests.harness import opened

AUDIENCE = "photos-data-gateway"
SDL = "{ _service { sdl } }"
KIND = "{ viewer { kind } }"
ENTITIES = '{ _entities(representations: [{__typename: "Place", id: "UGxhY2U6SVQ"}]) { ... on Place { code } } }'
PERSISTED = (
    SDL,
    ENTITIES,
    KIND,
    get_introspection_query(),
    "{ __typename }",
    "mutation { trashPhotos(input: {ids: []}) { clientMutationId } }",
)
cached_build = cache(build)


@pytest.fixture(autouse=True)
def _built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schema.build.build", cached_build)


class Served:
    """A server with a profile, and the tokens of its issuer."""

    def __init__(self, client: httpx.AsyncClient, issuer: LocalIssuer, sources: Any) -> None:
        self.client = client
        self.issuer = issuer
        self.sources = sources
        self.ana = issuer.customer("ana")
        self.router = issuer.service("router", ("federation:resolve",))
        self.developer = issuer.service("dev", ("photos:develop",))

    async def ask(self, query: str, token: str, **headers: str) -> tuple[Any, str | None, str | None]:
        """Data, code and reason."""
        sent = {"authorization": f"Bearer {token}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        answer = (await self.client.post("/graphql", json={"query": query}, headers=sent)).json()
        extensions = answer["errors"][0]["extensions"] if "errors" in answer else {}
        return answer.get("data"), extensions.get("code"), extensions.get("reason")


@asynccontextmanager
async def served(folder: Path, **settings: Any) -> AsyncIterator[Served]:
    async with opened(folder) as gateway:
        made = Settings(data=folder / "gateway", **settings)
        issuer = LocalIssuer.development(made.data, AUDIENCE, time.time)
        authentication = Authenticator(
            gateway.sources, Verifier({issuer.name: issuer.trusted}, AUDIENCE, gateway.sources.ids, time.time)
        )
        routes = graphql_routes(made, gateway.sources, gateway.index_lag, authentication)
        await gateway.sources.documents.add(
            [DocumentRecord(hashlib.sha256(t.encode()).hexdigest(), "web", "q", t, 0) for t in PERSISTED]
        )
        transport = httpx.ASGITransport(Starlette(routes=routes))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            yield Served(client, issuer, gateway.sources)


@pytest.fixture
async def production(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path, profile=Profile.PRODUCTION) as made:
        yield made


@pytest.fixture
async def development(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as made:
        yield made


async def test_in_production_only_routers_resolve_entities(production: Served) -> None:
    refused = (None, "FORBIDDEN", "ROUTER")
    assert await production.ask(ENTITIES, production.ana) == refused
    assert await production.ask(ENTITIES, production.developer) == refused
    assert await production.ask(ENTITIES, production.issuer.service("etl", ("photos:read",), "reports")) == refused
    resolved = ({"_entities": [{"code": "IT"}]}, None, None)
    assert await production.ask(ENTITIES, production.router) == resolved
    assert await production.ask(ENTITIES, production.ana, router_authorization=f"Bearer {production.router}") == resolved


async def test_a_router_token_must_be_a_valid_service_token(production: Served) -> None:
    person = production.issuer.token(ViewerKind.CUSTOMER, "mallory", claims={"scope": "federation:resolve"})
    assert (await production.ask(ENTITIES, production.ana, router_authorization=f"Bearer {person}"))[1:] == (
        "FORBIDDEN",
        "ROUTER",
    )
    assert (await production.ask(ENTITIES, person))[1:] == ("FORBIDDEN", "ROUTER")
    for header in ("Bearer x", "", f"Basic {production.router}", f"Bearer {production.router[:-2]}"):
        assert (await production.ask(KIND, production.ana, router_authorization=header))[1] == "UNAUTHENTICATED", header


async def test_a_router_token_does_not_change_the_viewer(production: Served) -> None:
    headers = {"router-authorization": f"Bearer {production.router}"}
    answer = await production.client.post("/graphql", json={"query": ENTITIES}, headers=headers)
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    data, _, _ = await production.ask(KIND, production.ana, router_authorization=headers["router-authorization"])
    assert data == {"viewer": {"kind": "CUSTOMER"}}


@pytest.mark.parametrize(
    "headers",
    [
        {"x-user-id": "kenji", "x-customer-id": "kenji", "x-forwarded-user": "kenji"},
        {"x-viewer": "SERVICE", "x-scopes": "federation:resolve photos:read photos:content", "x-router": "true"},
        {
            "x-amzn-oidc-identity": "kenji",
            "x-goog-authenticated-user-id": "kenji",
            "remote-user": "kenji",
            "forwarded": "for=127.0.0.1",
        },
    ],
)
async def test_headers_with_user_names_are_ignored(production: Served, headers: dict[str, str]) -> None:
    plain = await production.client.post("/graphql", json={"query": KIND}, headers={"authorization": f"Bearer {production.ana}"})
    named = await production.client.post(
        "/graphql", json={"query": KIND}, headers={"authorization": f"Bearer {production.ana}", **headers}
    )
    assert plain.content == named.content
    assert (await production.client.post("/graphql", json={"query": KIND}, headers=headers)).json()["errors"][0]["extensions"][
        "code"
    ] == "UNAUTHENTICATED"
    sent = {k.replace("-", "_"): v for k, v in headers.items()}
    assert (await production.ask(ENTITIES, production.ana, **sent))[1:] == ("FORBIDDEN", "ROUTER")


async def test_in_production_developers_may_introspect_and_routers_may_read_the_sdl(production: Served) -> None:
    introspection = get_introspection_query()
    for token in (production.ana, production.router):
        assert (await production.ask(introspection, token))[1:] == ("FORBIDDEN", "INTROSPECTION")
    assert (await production.ask(introspection, production.developer))[0]["__schema"]["queryType"]["name"] == "Query"
    assert (await production.ask(SDL, production.ana))[1:] == ("FORBIDDEN", "INTROSPECTION")
    for token in (production.router, production.developer):
        assert "type Photo" in (await production.ask(SDL, token))[0]["_service"]["sdl"]
    assert (await production.ask("{ __typename }", production.ana))[0] == {"__typename": "Query"}


async def test_in_production_only_safelisted_documents_are_served(production: Served) -> None:
    assert (await production.ask("{ viewer { kind languages } }", production.ana))[1:] == ("FORBIDDEN", "SAFELIST")
    asking = {"authorization": f"Bearer {production.ana}"}
    listed = {"documentId": f"sha256:{hashlib.sha256(KIND.encode()).hexdigest()}"}
    assert (await production.client.post("/graphql", json=listed, headers=asking)).json()["data"] == {
        "viewer": {"kind": "CUSTOMER"}
    }
    assert (await production.client.get("/graphql", params=listed, headers=asking)).json()["data"] == {
        "viewer": {"kind": "CUSTOMER"}
    }
    mutation = {"documentId": hashlib.sha256(PERSISTED[-1].encode()).hexdigest()}
    assert (await production.client.get("/graphql", params=mutation, headers=asking)).status_code == 405
    gone = await production.sources.documents.retire(client="web")
    assert gone == len(PERSISTED)
    assert (await production.client.post("/graphql", json=listed, headers=asking)).json()["errors"][0]["extensions"][
        "code"
    ] == "PERSISTED_QUERY_NOT_FOUND"


async def test_in_production_errors_contain_no_suggestions(tmp_path: Path) -> None:
    async with served(tmp_path, profile=Profile.PRODUCTION, ad_hoc_documents=True) as production:
        sent = {"authorization": f"Bearer {production.ana}"}
        for query, variables in (
            ("{ viewer { kin } }", {}),
            ("query ($l: Library) { photos(library: $l) { total { count } } }", {"l": "MIN"}),
        ):
            answer = await production.client.post("/graphql", json={"query": query, "variables": variables}, headers=sent)
            assert "errors" in answer.json()
            assert "Did you mean" not in answer.text


async def test_in_development_any_valid_token_may_introspect(development: Served) -> None:
    for query in (get_introspection_query(), SDL, ENTITIES, "{ viewer { kind languages } }"):
        assert (await development.ask(query, development.ana))[1] is None
    answer = await development.client.get(
        "/graphql", params={"query": KIND}, headers={"authorization": f"Bearer {development.ana}"}
    )
    assert answer.json()["data"] == {"viewer": {"kind": "CUSTOMER"}}


async def test_rate_limits_are_per_caller(tmp_path: Path) -> None:
    async with served(tmp_path, rate_per_s=1, rate_burst=5_000, max_cost=1_100) as gateway:
        asking = {"authorization": f"Bearer {gateway.ana}", "accept": "application/graphql-response+json"}
        dear = {
            "query": "{ photos(first: 0) { "
            + " ".join(f"f{n}: facet(by: CITY) {{ buckets {{ key }} }}" for n in range(20))
            + " } }"
        }
        answers = [await gateway.client.post("/graphql", json=dear, headers=asking) for _ in range(6)]
        assert [a.status_code for a in answers[:4]] == [200] * 4
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["retry-after"]) > 0
        assert answers[-1].json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
        assert (await gateway.ask(KIND, gateway.issuer.customer("bob")))[1] is None


def test_the_development_profile_refuses_to_start_in_a_production_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    Settings().check_profile()
    monkeypatch.setenv("PHOTOS_SOME_URL", "https://kms.eu-central-1.amazonaws.com")
    with pytest.raises(UnusableSettings, match="PHOTOS_SOME_URL"):
        Settings().check_profile()


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({}, None),
        ({"AWS_EXECUTION_ENV": "AWS_ECS_FARGATE"}, "AWS_EXECUTION_ENV"),
        ({"PHOTOS_KMS_KEY": "arn:aws:kms:eu-central-1:111122223333:key/1"}, "PHOTOS_KMS_KEY"),
        ({"PHOTOS_KMS_KEY": "arn:aws:kms:eu:1:key/1", "PHOTOS_KMS_ENDPOINT": "http://127.0.0.1:5000"}, None),
        ({"AWS_ENDPOINT_URL_KMS": "https://kms.eu-central-1.amazonaws.com"}, "AWS_ENDPOINT_URL_KMS"),
        ({"AWS_ENDPOINT_URL": "http://localhost:5000", "PHOTOS_PORT": "8000"}, None),
    ],
)
def test_signs_of_a_production_environment(environ: dict[str, str], found: str | None) -> None:
    assert production_indicator(environ) == found


def test_settings_of_limits_are_validated(monkeypatch: pytest.MonkeyPatch) -> None:
    from pydantic import ValidationError

    for name, value in {"MAX_TOKENS": "0", "MAX_COST": "5", "RATE_PER_S": "0", "RATE_BURST": "10", "MAX_DEPTH": "1000"}.items():
        with monkeypatch.context() as patch:
            patch.setenv(f"PHOTOS_{name}", value)
            with pytest.raises(ValidationError):
                Settings()
    assert json.dumps(Settings(profile=Profile.PRODUCTION).rate) == "[5000, 50000]"
