"""Renders the policy matrix as Markdown for docs/access.md."""

from __future__ import annotations

from access.policy import HOW_A_RELATION_BEGINS, MATRIX, Relation, Rule, Use

BEGIN, END = "<!-- made from access/policy.py: begin -->", "<!-- end -->"
_WORDS = {use: use.value.lower() for use in Use}


def matrix() -> str:
    """Returns both tables with the markers around them: classes by relation, and how each relation begins."""
    head = ["class", *(r.value.lower() for r in Relation)]
    rows = [[data_class.value, *(_cell(row.of(r)) for r in Relation)] for data_class, row in MATRIX.items()]
    reached = [[r.value.lower(), HOW_A_RELATION_BEGINS[r]] for r in Relation]
    return "\n".join([BEGIN, *_table(head, rows), "", *_table(["relation", "begins by"], reached), END])


def _cell(rule: Rule | None) -> str:
    if rule is None:
        return "no access"
    scope = [] if rule.scope is None else [f"scope `{rule.scope}`"]
    return "; ".join([*scope, rule.precision.value, ", ".join(_WORDS[u] for u in Use if u in rule.uses)])


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    return [lines[0], "|" + "---|" * len(head), *lines[1:]]
