"""The printing with auth: it composes, and a router that enforces it refuses by itself what the policy refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schema.build import build
from schema.printing import CONSENT
from tests.wire.conftest import Node
from tests.wire.targets import the_demo

pytestmark = [pytest.mark.node]
PHOTO = 'photos(filter: { fileName: "IMG_8101" })'
QUERIES = {
    "public": '{ places(query: "Roma", first: 1) { nodes { countryCode } } }',
    "captions": f"{{ {PHOTO} {{ nodes {{ id caption }} }} }}",
    "through the interface": f"{{ {PHOTO} {{ ... on PhotoSet {{ nodes {{ id caption }} }} }} }}",
    "people": f"{{ {PHOTO} {{ nodes {{ id people {{ id }} }} }} }}",
}
CALLERS = {
    "owner": {"scopes": ["photos:own", "photos:shared"], "policies": [CONSENT]},
    "owner without consent": {"scopes": ["photos:own"], "policies": []},
    "service": {"scopes": ["photos:read"], "policies": []},
    "service with content": {"scopes": ["photos:read", "photos:content"], "policies": []},
    "nobody in particular": {"scopes": [], "policies": []},
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Any:
    node: Node = request.getfixturevalue("module_node")
    folder = tmp_path_factory.mktemp("auth")
    schema = build()
    (folder / "plain.graphql").write_text(schema.sdl())
    (folder / "auth.graphql").write_text(schema.sdl(auth=True))
    with the_demo(folder, "") as gateway:
        cases = folder / "cases.json"
        cases.write_text(json.dumps({"owner": gateway.token, "callers": CALLERS, "queries": QUERIES}))
        files = (str(folder / "plain.graphql"), str(folder / "auth.graphql"), str(cases))
        return json.loads(node("auth.mjs", gateway.graphql, *files).splitlines()[-1])


def test_both_printings_compose_with_both_libraries_and_keep_their_directives(told: Any) -> None:
    kept = {"data", "tag", "cost", "listSize"}
    assert {name: made["errors"] for name, made in told["composed"].items()} == {
        f"{library} {printing}": [] for library in ("apollo", "guild") for printing in ("plain", "auth")
    }
    for name, made in told["composed"].items():
        auth = {"requiresScopes", "authenticated", "policy"} if name.endswith("auth") else set()
        assert set(made["keeps"]) >= auth | ({"data", "tag"} if name.startswith("guild") else kept), name
        assert auth or not set(made["keeps"]) & {"requiresScopes", "authenticated", "policy"}


def caption(told: Any, caller: str, query: str = "captions") -> Any:
    data = told["answers"][caller][query]["answer"].get("data")
    photos = (data or {}).get("photos") or {}
    return [n and n.get("caption") for n in photos.get("nodes") or []]


@pytest.mark.parametrize("query", ["captions", "through the interface"])
def test_the_router_refuses_captions_to_whoever_may_not_read_them(told: Any, query: str) -> None:
    for caller in ("anonymous", "nobody in particular", "service"):
        answer = told["answers"][caller][query]["answer"]
        assert answer["errors"], caller
        assert not any(caption(told, caller, query)), caller
    for caller in ("owner", "service with content"):
        assert any(caption(told, caller, query)), told["answers"][caller][query]


def test_an_anonymous_request_for_captions_does_not_reach_the_server(told: Any) -> None:
    assert told["answers"]["anonymous"]["captions"]["forwarded"] == 0
    assert len(told["answers"]["anonymous"]["public"]["answer"]["data"]["places"]["nodes"]) == 1


def test_people_need_scope_and_consent(told: Any) -> None:
    for caller, may in (("owner", True), ("owner without consent", False), ("service with content", False)):
        answer = told["answers"][caller]["people"]["answer"]
        assert ("errors" not in answer) is may, caller
