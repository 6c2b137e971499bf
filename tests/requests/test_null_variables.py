"""A null for a variable that is used where null is not allowed is refused before anything is executed or written."""

from __future__ import annotations

from typing import Any

ALBUMS = "{ albums { nodes { title } } }"
ONE_OF = """mutation($v: ID = "x") {
  createAlbum(input: {title: "written"}) { album { id } }
  shareAlbum(input: {albumId: "x", with: {customerId: $v}}) { userErrors { code } } }"""
WRITES = 'mutation(%s) { createAlbum(input: {title: "written"}) { album { id %s } } }'


NESTED = (
    ("$v: Boolean = true", "title @skip(if: $v)"),
    ("$v: Boolean = true", "title @include(if: $v)"),
    ("$v: Boolean = true", "... @include(if: $v) { title }"),
    ("$v: Boolean = true", "...Title"),
    ("$v: Float = 1", "photos(filter: {near: {latitude: $v, longitude: 0, radiusMeters: 1}}) { total { count } }"),
    ('$v: String = "x"', "photos(filter: {cameras: [$v]}) { total { count } }"),
    ('$v: String = "x"', "photos(filter: {any: [{keywords: [$v]}]}) { total { count } }"),
)
ROOTS = (
    "query($v: Boolean = true) { __typename @include(if: $v) }",
    "query($v: Boolean = true) { __typename @skip(if: $v) }",
    "query($v: Boolean = true) { ...F } fragment F on Query { __typename @include(if: $v) }",
    "query($v: Boolean = true) { ... @skip(if: $v) { __typename } }",
    "query($v: Boolean = true) { viewer { kind @include(if: $v) } }",
    'query($v: ID = "x") { node(id: $v) { id } }',
    'query($v: ID = "x") { nodes(ids: [$v]) { id } }',
    "query($v: [ID!] = []) { nodes(ids: $v) { id } }",
    'subscription($v: ID = "x") { bulkOperationChanged(id: $v) { id } }',
)


async def refusal(gateway: Any, text: str, viewer: Any) -> None:
    answer = await gateway.execute(text, {"v": None}, as_=viewer)
    assert [e["extensions"]["code"] for e in answer["errors"]] == ["BAD_USER_INPUT"], text
    assert "must not be null" in answer["errors"][0]["message"]
    assert "data" not in answer


async def test_a_mutation_with_such_a_null_anywhere_writes_nothing(gateway: Any) -> None:
    ana = await gateway.customer("ana")
    texts = []
    for declared, selected in NESTED:
        fragment = " fragment Title on Album { title @include(if: $v) }" if selected == "...Title" else ""
        texts.append(WRITES % (declared, selected) + fragment)
        await refusal(gateway, texts[-1], ana)
    await refusal(gateway, ONE_OF, ana)
    assert (await gateway.answer(ALBUMS, as_=ana))["albums"]["nodes"] == []
    for text in texts:  # without the null the default applies
        await gateway.execute(text, {}, as_=ana)
    assert len((await gateway.answer(ALBUMS, as_=ana))["albums"]["nodes"]) == len(NESTED)


async def test_a_query_with_such_a_null_is_bad_input_also_at_the_root(gateway: Any) -> None:
    ana = await gateway.customer("ana")
    for text in ROOTS:
        await refusal(gateway, text, ana)
    answer = await gateway.answer("query($n: Int = 3) { photos(first: $n) { nodes { id } } }", {"n": None}, as_=ana)
    assert answer == {"photos": {"nodes": []}}, "a null is accepted where null is allowed"
