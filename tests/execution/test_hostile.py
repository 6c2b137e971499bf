"""Every hostile document is refused as the table says, or answered at a bounded price; the work is counted, not timed."""

from __future__ import annotations

from typing import Any

import pytest

from execution import analysis
from execution.analysis import QueryLimits, StepBudget
from execution.document_cache import MAX_COST
from execution.errors import RequestError
from tests.execution.hostile import DOCUMENTS, Case
from tests.requests.harness import customer, served
from tests.wire.toy import ToyContext

BEFORE_VALIDATION = {"TOKENS", "CHARACTERS", "ALIASES", "ROOT_FIELDS", "REPEATED_FIELDS", "DEPTH", "DIRECTIVES", "INTROSPECTION"}


class ViewerContext(ToyContext):
    """A context without data sources: a resolver that is reached fails."""

    viewer = customer("ana")
    router = False


def outcome(text: str, variables: dict[str, Any]) -> tuple[str, str | None] | None:
    """The refusal's code and reason; None: it may run, for no more than one may pay."""
    _, documents, runner = served()
    documents._entries.clear()
    try:
        prepared = documents.prepare(text)
        executor = runner._executor(prepared, variables, ViewerContext(), "reject")
        cost = prepared.cost(executor.variable_values.coerced)
    except RequestError as refused:
        return refused.code, refused.reason
    assert cost <= MAX_COST
    return None


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[StepBudget]:
    made: list[StepBudget] = []

    class Counted(StepBudget):
        def __init__(self, most: int) -> None:
            super().__init__(most)
            made.append(self)

    monkeypatch.setattr(analysis, "StepBudget", Counted)
    return made


@pytest.mark.parametrize(("name", "text", "variables", "expected"), DOCUMENTS, ids=[case[0] for case in DOCUMENTS])
def test_a_hostile_document_is_refused_or_bounded(
    name: str,  # pytest shows it
    text: str,
    variables: dict[str, Any],
    expected: tuple[str, str | None] | None,
    counted: list[StepBudget],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if expected is not None and expected[1] in BEFORE_VALIDATION:
        monkeypatch.setattr("execution.document_cache.validate", _never)
    assert outcome(text, variables) == expected
    assert all(steps.taken <= QueryLimits().steps + 1 for steps in counted)


def _never(*_: object, **__: object) -> None:
    raise AssertionError("validation saw it")


def test_the_corpus_is_large_and_its_names_are_all_different() -> None:
    names = [case[0] for case in DOCUMENTS]
    assert len(set(names)) == len(names) >= 60


def test_the_table_refuses_most_of_it() -> None:
    answered: list[Case] = [case for case in DOCUMENTS if case[3] is None]
    assert len(answered) <= 12
