from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.wire.conftest import Node
from tests.wire.targets import Gateway

pytestmark = [pytest.mark.node]


def test_a_hundred_references_through_either_router_are_one_request_with_one_entities_field(
    gateway: Gateway, node: Node, tmp_path: Path
) -> None:
    cases = tmp_path / "cases.json"
    ids = [one["id"] for one in gateway.references]
    cases.write_text(json.dumps({"ids": ids, "fields": gateway.reference_fields, "crossSubgraph": gateway.cross_subgraph.text}))
    report = json.loads(node("routers.mjs", gateway.graphql, gateway.token, str(cases)).splitlines()[-1])
    assert set(report) == {"apollo", "hive"}
    for name, result in report.items():
        assert not result["answer"].get("errors"), name
        assert result["answer"]["data"]["story"]["photos"] == gateway.references, name
        assert [one["query"].count("_entities") for one in result["requests"]] == [1], name
        assert len(result["requests"][0]["representations"]) == 100, name
        # The other subgraph adds fields to photos and customers by their keys; without a token there is no data.
        assert result["crossSubgraph"].get("data") == gateway.cross_subgraph.data, (name, result["crossSubgraph"])
        if gateway.guarded:
            assert result["withoutToken"]["errors"], name
            assert not (result["withoutToken"].get("data") or {}).get("photos"), name
