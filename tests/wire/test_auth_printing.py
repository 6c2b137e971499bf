"""The SDL with auth directives composes, and a router that enforces it rejects what the policy rejects."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schema.build import build
from schema.printing import CONSENT
from tests.wire.conftest import Node
from tests.wire.targets import demo_target

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
    "no scopes": {"scopes": [], "policies": []},
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Any:
    node: Node = request.getfixturevalue("module_node")
    folder = tmp_path_factory.mktemp("auth")
    schema = build()
    (folder / "plain.graphql").write_text(schema.sdl())
    (folder / "auth.graphql").write_text(schema.sdl(auth=True))
    with demo_target(folder, "") as gateway:
        cases = folder / "cases.json"
        cases.write_text(json.dumps({"owner": gateway.token, "callers": CALLERS, "queries": QUERIES}))
        files = (str(folder / "plain.graphql"), str(folder / "auth.graphql"), str(cases))
        return json.loads(node("auth.mjs", gateway.graphql, *files).splitlines()[-1])


def test_both_sdls_compose_with_both_libraries_and_keep_their_directives(report: Any) -> None:
    directives = {"data", "tag", "cost", "listSize"}
    assert {name: result["errors"] for name, result in report["composed"].items()} == {
        f"{library} {sdl}": [] for library in ("apollo", "guild") for sdl in ("plain", "auth")
    }
    for name, result in report["composed"].items():
        auth = {"requiresScopes", "authenticated", "policy"} if name.endswith("auth") else set()
        assert set(result["keeps"]) >= auth | ({"data", "tag"} if name.startswith("guild") else directives), name
        assert auth or not set(result["keeps"]) & {"requiresScopes", "authenticated", "policy"}


def caption(report: Any, caller: str, query: str = "captions") -> Any:
    data = report["answers"][caller][query]["answer"].get("data")
    photos = (data or {}).get("photos") or {}
    return [n and n.get("caption") for n in photos.get("nodes") or []]


@pytest.mark.parametrize("query", ["captions", "through the interface"])
def test_the_router_rejects_captions_for_callers_who_may_not_read_them(report: Any, query: str) -> None:
    for caller in ("anonymous", "no scopes", "service"):
        answer = report["answers"][caller][query]["answer"]
        assert answer["errors"], caller
        assert not any(caption(report, caller, query)), caller
    for caller in ("owner", "service with content"):
        assert any(caption(report, caller, query)), report["answers"][caller][query]


def test_an_anonymous_request_for_captions_does_not_reach_the_server(report: Any) -> None:
    assert report["answers"]["anonymous"]["captions"]["forwarded"] == 0
    assert len(report["answers"]["anonymous"]["public"]["answer"]["data"]["places"]["nodes"]) == 1


def test_people_need_scope_and_consent(report: Any) -> None:
    for caller, permitted in (("owner", True), ("owner without consent", False), ("service with content", False)):
        answer = report["answers"][caller]["people"]["answer"]
        assert ("errors" not in answer) is permitted, caller
