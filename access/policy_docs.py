"""The matrix told to people: what `docs/access.md` holds between its marks, made from the table and from nothing else."""

from __future__ import annotations

from access.policy import MATRIX, REACHED_BY, Relation, Rule, Use

BEGIN, END = "<!-- made from access/policy.py: begin -->", "<!-- end -->"
_WORDS = {use: use.value.lower() for use in Use}


def matrix() -> str:
    """Both tables: classes by relation, and how each relation begins."""
    head = ["class", *(r.value.lower() for r in Relation)]
    rows = [[data_class.value, *(_cell(row.of(r)) for r in Relation)] for data_class, row in MATRIX.items()]
    reached = [[r.value.lower(), REACHED_BY[r]] for r in Relation]
    return "\n".join([BEGIN, *_table(head, rows), "", *_table(["relation", "begins by"], reached), END])


def _cell(rule: Rule | None) -> str:
    if rule is None:
        return "nothing"
    said = [] if rule.scope is None else [f"scope `{rule.scope}`"]
    return "; ".join([*said, rule.fineness.value, ", ".join(_WORDS[u] for u in Use if u in rule.uses)])


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    return [lines[0], "|" + "---|" * len(head), *lines[1:]]
