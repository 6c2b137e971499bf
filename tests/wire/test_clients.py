from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.wire.conftest import Node
from tests.wire.targets import Gateway

pytestmark = [pytest.mark.node]


def test_all_61_audits_of_graphql_over_http_pass(gateway: Gateway, node: Node) -> None:
    printed = node("audits.mjs", gateway.graphql, gateway.token)
    assert json.loads(printed.splitlines()[-1]) == {"ok": 61, "all": 61}, printed


def test_every_client_can_query_mutate_and_get_errors(gateway: Gateway, node: Node, tmp_path: Path) -> None:
    (tmp_path / "schema.graphql").write_text(gateway.schema)
    cases = {
        "sdl": str(tmp_path / "schema.graphql"),
        "query": gateway.query.text,
        "variables": gateway.query.variables,
        "mutation": gateway.mutation.text,
        "mutationVariables": gateway.mutation.variables,
        "failing": "{ nope }",
        "subscription": gateway.subscription.text if gateway.subscription else None,
    }
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    arguments = (gateway.graphql, gateway.token, str(tmp_path / "cases.json"), str(tmp_path / "relay"))
    report = json.loads(node("clients.mjs", *arguments).splitlines()[-1])
    assert set(report) == {"graphql-ws", "graphql-request", "urql", "apollo", "relay"}
    for name, result in report.items():
        assert result["query"] == gateway.query.data, name
        assert result["mutation"] == gateway.mutation.data, name
        assert result.get("failing", "GRAPHQL_VALIDATION_FAILED") == "GRAPHQL_VALIDATION_FAILED", name
    assert report["graphql-ws"]["events"] == (gateway.subscription.data["events"] if gateway.subscription else [])
