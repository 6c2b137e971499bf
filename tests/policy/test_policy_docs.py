"""`docs/access.md` says what `access/policy.py` says. Run this file as a program to write it anew."""

from __future__ import annotations

from pathlib import Path

from access.classes import DataClass
from access.policy import HOW_A_RELATION_BEGINS, MATRIX, Relation
from access.policy_docs import BEGIN, END, matrix
from schema.build import build
from schema.classes import classes_of

PAGE = Path(__file__).parents[2] / "docs" / "access.md"


def renewed(text: str) -> str:
    before, _, rest = text.partition(BEGIN)
    return before + matrix() + rest.partition(END)[2]


def test_the_page_tells_the_table() -> None:
    assert PAGE.read_text() == renewed(PAGE.read_text())


def test_every_class_and_every_relation_stands_in_the_table() -> None:
    assert set(MATRIX) == set(DataClass)
    assert set(HOW_A_RELATION_BEGINS) == set(Relation)
    assert {c.name for c in DataClass} == set(build().graphql_schema.type_map["DataClass"].values)  # type: ignore[attr-defined]
    assert set(classes_of(build().strawberry).values()) <= set(MATRIX)


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text()))
