from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.operations.client_operations import operations, reduced
from tests.wire.conftest import Node
from tests.wire.targets import clients_schema

pytestmark = [pytest.mark.node]


def test_relay_and_codegen_compile_every_served_operation(node: Node, tmp_path: Path) -> None:
    folder = tmp_path / "operations"
    folder.mkdir()
    for name, text in reduced().documents.items():
        (folder / name).write_text(text)
    report = compiled(node, tmp_path, clients_schema(), folder)
    assert report["relay"] == report["definitions"]
    assert report["typed"] == len(operations()) > 20


def compiled(node: Node, folder: Path, sdl: str, documents: Path) -> dict[str, int]:
    """The number of definitions, and for how many each compiler wrote output."""
    schema = folder / "schema.graphql"
    schema.write_text(sdl)
    report: dict[str, int] = json.loads(node("compile.mjs", str(schema), str(documents), str(folder / "out")).splitlines()[-1])
    return report
