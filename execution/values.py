"""Checks the size of a request's variables before they are coerced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from execution.analysis import QueryLimits, too_complex


def check_variables(variables: Mapping[str, Any], limits: QueryLimits) -> None:
    """Raises RequestError if the variables have too many values, are nested too deeply, or contain too long a list.

    Coercion makes no list longer (a single value becomes a list of one), so the limits also hold afterwards.
    """
    waiting: list[tuple[Any, int]] = [(variables, 0)]
    seen = 0
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, Mapping):
            inner = list(value.values())
        elif isinstance(value, list):
            if len(value) > limits.list_items:
                raise too_complex("LIST_SIZE", f"A list has more than {limits.list_items:,} items.")
            inner = value
        else:
            continue
        seen += len(inner)
        if seen > limits.values:
            raise too_complex("VALUES", f"The variables hold more than {limits.values:,} values.")
        if depth > limits.value_depth:
            raise too_complex("VALUE_DEPTH", f"A variable is nested deeper than {limits.value_depth} levels.")
        waiting += [(item, depth + 1) for item in inner if isinstance(item, Mapping | list)]
