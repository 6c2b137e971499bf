from __future__ import annotations

import pytest
from graphql import build_schema

from execution.analysis import QueryLimits
from execution.document_cache import DocumentCache, Prepared
from execution.errors import RequestError
from tests.wire.toy import CLASSES, toy_documents, toy_schema


def code_of(text: str, name: str | None = None, documents: DocumentCache[str] | None = None) -> tuple[str, str | None]:
    with pytest.raises(RequestError) as refused:
        (toy_documents() if documents is None else documents).prepare(text, name)
    return refused.value.code, refused.value.reason


def prepared(text: str) -> Prepared[str]:
    return toy_documents().prepare(text)


def ladder(rungs: int) -> str:
    fragments = [f"fragment F{n} on Photo {{ a: friends {{ ...F{n + 1} }} b: friends {{ ...F{n + 1} }} }}" for n in range(rungs)]
    return "{ photo { ...F0 } } " + " ".join(fragments) + f" fragment F{rungs} on Photo {{ id }}"


def test_the_same_text_is_prepared_once() -> None:
    documents = toy_documents()
    assert documents.prepare("{ hello }") is documents.prepare("{ hello }")


def test_operations_of_one_document_are_prepared_apart() -> None:
    documents = toy_documents()
    text = 'query A { hello } mutation B { rename(id: 1, name: "x") { id } }'
    assert documents.prepare(text, "A").kind.value == "query"
    assert documents.prepare(text, "B").kind.value == "mutation"
    assert code_of(text, None, documents) == ("BAD_USER_INPUT", "OPERATION_NAME")
    assert code_of(text, "C", documents) == ("BAD_USER_INPUT", "OPERATION_NAME")


def test_the_cache_is_bounded_by_count_and_by_length() -> None:
    documents = toy_documents(size=10)
    for number in range(50):
        documents.prepare(f"{{ a{number}: hello }}")
    assert len(documents) == 10
    for number in range(10):
        documents.prepare(f"{{ b{number}: hello }} # {'x' * 16_000}")
    assert len(documents) == 2


def test_a_refusal_is_remembered_and_raised_afresh() -> None:
    documents = toy_documents()
    raised = []
    for _ in range(2):
        with pytest.raises(RequestError) as refused:
            documents.prepare("{ nope }")
        raised.append(refused.value)
    assert raised[0] is not raised[1]
    assert raised[0].code == raised[1].code == "GRAPHQL_VALIDATION_FAILED"
    assert len(documents) == 1


def test_bad_documents_have_their_codes() -> None:
    assert code_of("{ hello")[0] == "GRAPHQL_PARSE_FAILED"
    assert code_of("{ nope }")[0] == "GRAPHQL_VALIDATION_FAILED"
    assert code_of("type X { a: Int }")[0] == "GRAPHQL_VALIDATION_FAILED"
    assert code_of("fragment F on Query { hello }")[0] == "GRAPHQL_VALIDATION_FAILED"
    assert code_of("{ ...F } fragment F on Query { ...G } fragment G on Query { ...F }")[1] == "FRAGMENT_CYCLE"


def test_lone_surrogates_in_a_document_are_no_crash() -> None:
    assert code_of("{ hello(name: \ud800) }")[0] == "GRAPHQL_PARSE_FAILED"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{ hello } #" + "x" * 300_000, "CHARACTERS"),
        ("{ " + "hello " * 600 + "}", "TOKENS"),
        ("{ photo { " + "friends { " * 60 + "id" + " }" * 62, "DEPTH"),
        (ladder(7), "ALIASES"),
        (ladder(18), "DEPTH"),
        (ladder(30), "TOKENS"),
        ("{ photo { " + "friends { id } " * 90 + "} }", "REPEATED_FIELDS"),
        ("{ photo { " + "...F " * 60 + "} } fragment F on Photo { " + "id " * 60 + "}", "SELECTIONS"),
    ],
)
def test_documents_that_would_blow_up_are_refused_before_validation(
    text: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def validated(*_: object, **__: object) -> None:
        raise AssertionError("validation saw it")

    monkeypatch.setattr("execution.document_cache.validate", validated)
    assert code_of(text) == ("TOO_COMPLEX", reason)


@pytest.mark.parametrize("opening", ["{ photo ", "query ($a: ", "{ hello(name: "])
def test_endless_nesting_is_a_refusal_not_a_crash(opening: str) -> None:
    assert code_of(opening + "[" * 2_000)[0] == "GRAPHQL_PARSE_FAILED"
    assert code_of(opening + "{ friends " * 2_000)[0] in ("GRAPHQL_PARSE_FAILED", "TOO_COMPLEX")


def test_many_fragments_that_spread_each_other_cost_a_bounded_number_of_steps() -> None:
    width = 40
    bodies = [f"fragment F{n} on Photo {{ {' '.join(f'...F{m}' for m in range(n + 1, width))} id }}" for n in range(width)]
    assert code_of("{ photo { ...F0 } } " + " ".join(bodies))[0] == "TOO_COMPLEX"


def test_an_honest_document_with_fragments_passes() -> None:
    found = prepared(
        "{ photos { ...T } photo { ...T } } fragment T on Photo { id name friends { ...U } } fragment U on Photo { id }"
    )
    assert found.depth == 3
    assert found.shape.selections == 10


def test_bounds_can_be_set_by_the_caller() -> None:
    documents = DocumentCache(toy_schema(), classify=CLASSES.get, limits=QueryLimits(depth=2))
    assert code_of("{ photo { friends { id } } }", None, documents) == ("TOO_COMPLEX", "DEPTH")


def test_a_field_of_an_interface_asks_for_the_stricter_class_of_an_implementation() -> None:
    assert prepared("{ named { name } }").classes == {("SECRET", "read"): frozenset({"Album.name"})}
    assert prepared("{ node(id: 1) { id } }").classes == {}
    assert prepared("{ node(id: 1) { ... on Photo { gps } } }").classes == {("LOCATION", "read"): frozenset({"Photo.gps"})}


def test_what_only_another_operation_needs_is_not_counted() -> None:
    documents = toy_documents()
    text = "query A { photo { name } } query B { photo { ...G } } fragment G on Photo { gps }"
    assert documents.prepare(text, "A").classes == {}
    assert set(documents.prepare(text, "B").classes) == {("LOCATION", "read")}


def test_a_class_may_be_any_value_and_none_needs_no_permission() -> None:
    schema = build_schema("type Query { a: Int, b: Int }")
    found = DocumentCache(schema, classify={"Query.a": 7}.get).prepare("{ a b }")
    assert found.classes == {(7, "read"): frozenset({"Query.a"})}
