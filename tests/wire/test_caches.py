from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from graphql import GraphQLObjectType, introspection_from_schema

from tests.operations.client_operations import operations
from tests.requests import harness
from tests.wire.conftest import Node
from tests.wire.targets import ROOT, Gateway

pytestmark = [pytest.mark.node]
PAGE = ROOT / "docs" / "clients.md"


def documented() -> dict[str, str]:
    """The JavaScript modules of docs/clients.md by file name."""
    return dict(re.findall(r"```js\n// (\S+\.mjs)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL))


@pytest.mark.parametrize("gateway", ["demo"], indirect=True)
def test_the_documented_caches_store_pages_totals_and_changes_without_a_warning(
    gateway: Gateway, node: Node, npm: Path, tmp_path: Path
) -> None:
    for name, text in documented().items():
        (npm / "scripts" / name).write_text(text)
    schema, _, _ = harness.served()
    cases = {"operations": operations(), "introspection": introspection_from_schema(schema.graphql_schema)}
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    report = json.loads(node("caches.mjs", gateway.graphql, gateway.token, str(tmp_path / "cases.json")).splitlines()[-1])
    assert report == {
        "warnings": [],
        "apollo": {"photos": 4, "changed": True, "total": 4119, "found": 8},  # two pages of two photos, merged
        "urql": {"photos": 2, "changed": True, "total": 4119, "found": 8},
        "sockets": "CUSTOMER",
    }


def test_the_page_lists_every_type_without_an_id_of_its_own() -> None:
    schema, _, _ = harness.served()
    kinds = [kind for kind in schema.graphql_schema.type_map.values() if isinstance(kind, GraphQLObjectType)]
    roots = {"Query", "Mutation", "Subscription", "_Service"}
    unkeyed = {kind.name for kind in kinds if "id" not in kind.fields and not kind.name.startswith("__")} - roots
    listed = set(re.findall(r"'(\w+)'", documented()["unkeyed.mjs"]))
    assert listed == {name for name in unkeyed if not name.endswith("Payload")}  # payloads are never cached
