from __future__ import annotations

import json
from pathlib import Path

import pytest
from graphql import print_schema

from tests.operations.served import DOCUMENTS
from tests.operations.test_served import contract
from tests.wire.conftest import Node

pytestmark = [pytest.mark.node]


def test_relay_and_codegen_compile_every_operation_of_real_clients(node: Node, tmp_path: Path) -> None:
    schema = tmp_path / "schema.graphql"
    schema.write_text(print_schema(contract()))
    printed = node("compile.mjs", str(schema), str(DOCUMENTS), str(tmp_path / "out"))
    told = json.loads(printed.splitlines()[-1])
    assert told["relay"] == told["definitions"]
    assert told["typed"] > 20
