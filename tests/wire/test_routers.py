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
    ids = tmp_path / "ids.json"
    ids.write_text(json.dumps([one["id"] for one in gateway.references]))
    arguments = (gateway.graphql, gateway.token, str(ids), gateway.reference_fields)
    told = json.loads(node("routers.mjs", *arguments).splitlines()[-1])
    assert set(told) == {"apollo", "hive"}
    for name, heard in told.items():
        assert "errors" not in heard["answer"], name
        assert heard["answer"]["data"]["story"]["photos"] == gateway.references, name
        assert [one["query"].count("_entities") for one in heard["asked"]] == [1], name
        assert len(heard["asked"][0]["representations"]) == 100, name
