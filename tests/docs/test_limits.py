"""docs/limits.md says the limits that hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from execution.analysis import PERSISTED, QueryLimits
from settings import Profile, Settings

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "limits.md").read_text()
ROWS = {r[0]: r[1:3] for r in re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|", TEXT, re.MULTILINE)}


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("characters", "characters"),
        ("tokens", "tokens"),
        ("levels of fields", "depth"),
        ("aliases, fragments expanded", "aliases"),
        ("fields, fragments expanded", "selections"),
        ("root fields", "root_fields"),
        ("operations", "operations"),
        ("directives", "directives"),
        ("levels of a value, in a document or a variable", "value_depth"),
    ],
)
def test_the_limits_of_documents_are_those_of_the_page(row: str, field: str) -> None:
    assert ROWS[row] == (f"{getattr(QueryLimits(), field):,}", f"{getattr(PERSISTED, field):,}")


def test_the_settings_of_the_pages_exist_with_the_documented_defaults() -> None:
    for page in ("limits.md", "federation.md", "identity.md"):
        for name in re.findall(r"PHOTOS_([A-Z_]+[A-Z])", (DOCS / page).read_text()):
            assert name.lower() in Settings.model_fields, name
    made = Settings(profile=Profile.PRODUCTION)
    assert (made.max_tokens, made.max_listed_tokens) == (QueryLimits().tokens, PERSISTED.tokens)
    assert (made.max_depth, made.max_aliases, made.max_root_fields) == (
        QueryLimits().depth,
        QueryLimits().aliases,
        QueryLimits().root_fields,
    )
    assert f"{made.max_answer_bytes:,} bytes" in TEXT
    assert f"| {made.rate[0]:,} |" in TEXT
