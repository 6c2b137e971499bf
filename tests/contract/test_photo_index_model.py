"""Whatever the library, whoever looks, whatever is asked: an engine answers as the plain model does."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.scope import Scope
from datasources.search.conditions import Condition
from datasources.search.port import PhotoDocument, SearchRequest
from tests.search import model
from tests.search.engines import ENGINES, Engine, opened
from tests.search.makers import replaced
from tests.search.strategies import conditions, libraries, questions, scopes

_SETTINGS = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@pytest.mark.parametrize("engine", ENGINES)
@_SETTINGS
@given(library=libraries, data=st.data())
async def test_answers_as_the_model_does(engine: Engine, library: list[PhotoDocument], data: st.DataObject) -> None:
    async with opened(engine) as index:
        await index.write(library)
        await index.refresh()
        for _ in range(6):
            scope: Scope = data.draw(scopes)
            question = data.draw(questions)
            rows = model.seen(library, scope)
            whole = model.answer(rows, replaced(question, limit=1000, after=None))
            if question.after is not None and whole.hits:
                question = replaced(question, after=data.draw(st.sampled_from(whole.hits)).position)
            told = await index.search(scope, question)
            expected = model.answer(rows, question)
            assert (list(told.hits), told.more, told.total) == (list(expected.hits), expected.more, expected.total)
            assert [(list(f.buckets), f.missing, f.cut) for f in told.facets] == [
                (list(f.buckets), f.missing, f.cut) for f in expected.facets
            ]


@pytest.mark.parametrize("engine", ENGINES)
@_SETTINGS
@given(library=libraries, scope=scopes, asked=st.lists(conditions, max_size=5), question=questions)
async def test_counts_and_places_as_the_model_does(
    engine: Engine, library: list[PhotoDocument], scope: Scope, asked: list[Condition], question: SearchRequest
) -> None:
    async with opened(engine) as index:
        await index.write(library)
        await index.refresh()
        rows = model.seen(library, scope)
        total, counts = await index.document_frequencies(scope, asked)
        assert (total, list(counts)) == (len(rows), [sum(model.holds(c, r) for r in rows) for c in asked])
        plain = SearchRequest(order=question.order, limit=1000)
        hits = model.answer(rows, plain).hits
        assert await index.positions(scope, [d.key for d in library], question.order) == {h.key: h.position for h in hits}
