"""Every engine returns the same results as the model, for random libraries, scopes and requests."""

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
from tests.search.strategies import conditions, libraries, requests, scopes

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
            search_request = data.draw(requests)
            rows = model.seen(library, scope)
            complete = model.answer(rows, replaced(search_request, limit=1000, after=None))
            if search_request.after is not None and complete.hits:
                search_request = replaced(search_request, after=data.draw(st.sampled_from(complete.hits)).position)
            result = await index.search(scope, search_request)
            expected = model.answer(rows, search_request)
            assert (list(result.hits), result.more, result.total) == (list(expected.hits), expected.more, expected.total)
            assert [(list(f.buckets), f.missing, f.truncated) for f in result.facets] == [
                (list(f.buckets), f.missing, f.truncated) for f in expected.facets
            ]


@pytest.mark.parametrize("engine", ENGINES)
@_SETTINGS
@given(library=libraries, scope=scopes, conditions_given=st.lists(conditions, max_size=5), search_request=requests)
async def test_counts_and_places_as_the_model_does(
    engine: Engine, library: list[PhotoDocument], scope: Scope, conditions_given: list[Condition], search_request: SearchRequest
) -> None:
    async with opened(engine) as index:
        await index.write(library)
        await index.refresh()
        rows = model.seen(library, scope)
        total, counts = await index.document_frequencies(scope, conditions_given)
        assert (total, list(counts)) == (len(rows), [sum(model.holds(c, r) for r in rows) for c in conditions_given])
        plain = SearchRequest(order=search_request.order, limit=1000)
        hits = model.answer(rows, plain).hits
        assert await index.positions(scope, [d.key for d in library], search_request.order) == {h.key: h.position for h in hits}
