from __future__ import annotations

import json

import pytest

from tests.wire.conftest import Gateway, Node

pytestmark = [pytest.mark.node]


def test_all_61_audits_of_graphql_over_http_pass(toy: Gateway, node: Node) -> None:
    printed = node("audits.mjs", toy.graphql)
    assert json.loads(printed.splitlines()[-1]) == {"ok": 61, "all": 61}, printed
