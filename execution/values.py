"""How large a request's variables may be; told before coercion walks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from execution.analysis import QueryLimits, too_complex


def check_variables(variables: Mapping[str, Any], bounds: QueryLimits) -> None:
    """Raises RequestError where there are too many values, too deep ones, or a list that is too long.

    Coercion makes no list longer (a single value becomes a list of one), so what holds here holds after it.
    """
    waiting: list[tuple[Any, int]] = [(variables, 0)]
    seen = 0
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, Mapping):
            inner = list(value.values())
        elif isinstance(value, list):
            if len(value) > bounds.list_items:
                raise too_complex("LIST_SIZE", f"A list has more than {bounds.list_items:,} items.")
            inner = value
        else:
            continue
        seen += len(inner)
        if seen > bounds.values:
            raise too_complex("VALUES", f"The variables hold more than {bounds.values:,} values.")
        if depth > bounds.value_depth:
            raise too_complex("VALUE_DEPTH", f"A variable is nested deeper than {bounds.value_depth} levels.")
        waiting += [(one, depth + 1) for one in inner if isinstance(one, Mapping | list)]
