"""Renders the policy matrix as Markdown for docs/access.md."""

from __future__ import annotations

from access.classes import DataClass
from access.policy import HOW_A_RELATION_BEGINS, MATRIX, Relation, Use
from access.token_scopes import service_scopes

BEGIN, END = "<!-- made from access/policy.py: begin -->", "<!-- end -->"
_WORDS = {use: use.value.lower() for use in Use}


def matrix() -> str:
    """Returns both tables with the markers around them: classes by relation, and how each relation begins."""
    head = ["class", *(r.value.lower() for r in Relation)]
    rows = [[data_class.value, *(_cell(data_class, r) for r in Relation)] for data_class, row in MATRIX.items()]
    reached = [[r.value.lower(), HOW_A_RELATION_BEGINS[r]] for r in Relation]
    return "\n".join([BEGIN, *_table(head, rows), "", *_table(["relation", "begins by"], reached), END])


def _cell(data_class: DataClass, relation: Relation) -> str:
    rule = MATRIX[data_class].of(relation)
    if rule is None:
        return "no access"
    named = service_scopes(data_class) if relation is Relation.SERVICE else ()
    scope = [f"scope{'s' if named[1:] else ''} {', '.join(f'`{s}`' for s in named)}"] if named else []
    return "; ".join([*scope, rule.precision.value, ", ".join(_WORDS[u] for u in Use if u in rule.uses)])


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    return [lines[0], "|" + "---|" * len(head), *lines[1:]]
