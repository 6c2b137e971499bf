from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.wire.conftest import Gateway, Node
from tests.wire.toy import SDL

pytestmark = [pytest.mark.node]


def test_all_61_audits_of_graphql_over_http_pass(toy: Gateway, node: Node) -> None:
    printed = node("audits.mjs", toy.graphql)
    assert json.loads(printed.splitlines()[-1]) == {"ok": 61, "all": 61}, printed


def test_every_client_can_ask_change_and_be_refused(toy: Gateway, node: Node, tmp_path: Path) -> None:
    (tmp_path / "schema.graphql").write_text(SDL)
    cases = {
        "sdl": str(tmp_path / "schema.graphql"),
        "query": "query CaseQuery($first: Int) { photos(first: $first) { id name } }",
        "variables": {"first": 1},
        "mutation": "mutation ChangeMutation($id: ID!, $name: String!) { rename(id: $id, name: $name) { id name } }",
        "mutationVariables": {"id": "0", "name": "new"},
        "failing": "{ nope }",
        "subscription": "subscription { count(to: 2) }",
    }
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    told = json.loads(
        node("clients.mjs", toy.graphql, "any", str(tmp_path / "cases.json"), str(tmp_path / "relay")).splitlines()[-1]
    )
    assert set(told) == {"graphql-ws", "graphql-request", "urql", "apollo", "relay"}
    for name, heard in told.items():
        assert heard["query"] == {"photos": [{"id": "0", "name": "photo 0"}]}, name
        assert heard["mutation"] == {"rename": {"id": "0", "name": "new"}}, name
        assert heard.get("failing", "GRAPHQL_VALIDATION_FAILED") == "GRAPHQL_VALIDATION_FAILED", name
    assert told["graphql-ws"]["events"] == [{"count": 1}, {"count": 2}]
