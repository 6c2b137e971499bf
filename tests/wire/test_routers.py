from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.wire.conftest import Node
from tests.wire.targets import Gateway

pytestmark = [pytest.mark.node]


def test_a_hundred_references_through_either_router_are_one_request_and_one_entities(
    gateway: Gateway, node: Node, tmp_path: Path
) -> None:
    cases = tmp_path / "cases.json"
    ids = [one["id"] for one in gateway.references]
    cases.write_text(json.dumps({"ids": ids, "fields": gateway.reference_fields, "beside": gateway.beside.text}))
    told = json.loads(node("routers.mjs", gateway.graphql, gateway.token, str(cases)).splitlines()[-1])
    assert set(told) == {"apollo", "hive"}
    for name, heard in told.items():
        assert not heard["answer"].get("errors"), name
        assert heard["answer"]["data"]["story"]["photos"] == gateway.references, name
        assert [one["query"].count("_entities") for one in heard["asked"]] == [1], name
        assert len(heard["asked"][0]["representations"]) == 100, name
        # Another subgraph's fields on our photos and customers, by their keys; without the caller's token, nothing.
        assert heard["beside"].get("data") == gateway.beside.data, (name, heard["beside"])
        if gateway.guarded:
            assert heard["stranger"]["errors"], name
            assert not (heard["stranger"].get("data") or {}).get("photos"), name
