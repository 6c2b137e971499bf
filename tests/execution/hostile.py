"""Documents that mean harm, each with the code and the reason it must be refused with; None: it is answered, at a bounded price."""

from __future__ import annotations

from typing import Any

Case = tuple[str, str, dict[str, Any], tuple[str, str | None] | None]
TOO = "TOO_COMPLEX"
INVALID = ("GRAPHQL_VALIDATION_FAILED", None)
UNPARSED = ("GRAPHQL_PARSE_FAILED", None)


def many(template: str, count: int) -> str:
    return " ".join(template.replace("%", str(n)) for n in range(count))


def ladder(rungs: int, width: int = 2) -> str:
    """Each fragment spreads the next one several times: its size doubles with every rung."""
    bodies = [" ".join(f"x{n}_{w}: cover {{ ...F{n + 1} }}" for w in range(width)) for n in range(rungs)]
    fragments = [f"fragment F{n} on Album {{ cover {{ albums {{ {body} }} }} }}" for n, body in enumerate(bodies)]
    return "{ albums { nodes { ...F0 } } } " + " ".join(fragments) + f" fragment F{rungs} on Photo {{ id }}"


def flat_ladder(rungs: int) -> str:
    fragments = [f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(rungs)]
    return "{ ...F0 } " + " ".join(fragments) + f" fragment F{rungs} on Query {{ viewer {{ kind }} }}"


def crossed(count: int) -> str:
    spreads = [" ".join(f"...F{m}" for m in range(n + 1, count)) for n in range(count)]
    return "{ ...F0 } " + " ".join(f"fragment F{n} on Query {{ {s} viewer {{ kind }} }}" for n, s in enumerate(spreads))


def nested(opening: str, inner: str, levels: int) -> str:
    return f"{opening * levels}{inner}{'}' * levels}"


def filters(levels: int) -> Any:
    found: Any = {"favorite": True}
    for _ in range(levels):
        found = {"not": found}
    return found


FILTERED = "query ($f: PhotoFilter) { photos(filter: $f, first: 1) { nodes { id } } }"
ENTITIES = "query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }"
LOOP = "query { __schema { types { fields { type { fields { type { fields { name } } } } } } } }"
BLOCK = '"""' + "\\n x" * 3_000 + '"""'

DOCUMENTS: list[Case] = [
    ("1,600 aliases", "{ " + many("a%: __typename", 1_600) + " }", {}, (TOO, "CHARACTERS")),
    ("400 aliases", "{ " + many("a%: __typename", 400) + " }", {}, (TOO, "TOKENS")),
    ("100 aliases of the viewer", "{ " + many("a%: viewer { kind }", 60) + " }", {}, (TOO, "ALIASES")),
    ("eleven root fields", "{ " + many("a%: viewer { kind }", 11) + " }", {}, (TOO, "ROOT_FIELDS")),
    ("aliases hidden in a fragment", "{ ...F } fragment F on Query { " + many("a%: viewer { kind }", 31) + " }", {}, (TOO, "ALIASES")),
    ("aliases multiplied by spreads", "{ albums { nodes { " + many("a%: photos(first: 1) { nodes { ...F } }", 5) + " } } } fragment F on Photo { " + many("b%: id", 6) + " }", {}, (TOO, "ALIASES")),
    ("__typename a thousand times", "{ " + "__typename " * 1_000 + "}", {}, (TOO, "TOKENS")),
    ("__typename four hundred times", "{ " + "__typename " * 400 + "}", {}, (TOO, "REPEATED_FIELDS")),
    ("one key in two hundred objects", "{ photos { " + "nodes { id } " * 90 + "} }", {}, (TOO, "REPEATED_FIELDS")),
    ("one key over fragments", "{ photos { nodes { " + many("...F%", 20) + " } } } " + many("fragment F% on Photo { id }", 20), {}, (TOO, "REPEATED_FIELDS")),
    ("one key over inline fragments", "{ photos { nodes { " + "... { id } " * 17 + "} } }", {}, (TOO, "REPEATED_FIELDS")),
    ("overlap of arguments", "{ " + many("photos(first: %) { nodes { id } }", 17) + " }", {}, (TOO, "REPEATED_FIELDS")),
    ("a deep document", "{ photos { nodes { " + nested("albums { photos { nodes { ", "id", 5).replace("}", "} } }") + " } } }", {}, (TOO, "DEPTH")),
    ("ten levels", "{ photos(first: 9) { nodes { albums(first: 2) { cover { albums(first: 2) { cover { albums(first: 2) { cover { albums { id } } } } } } } } } }", {}, None),
    ("eleven levels", "{ photos { nodes { albums { cover { albums { cover { albums { cover { albums { cover { id } } } } } } } } } } }", {}, (TOO, "DEPTH")),
    ("braces without end", "{ photos " * 200, {}, UNPARSED),
    ("brackets without end", "{ photos(filter: " + "[" * 400, {}, UNPARSED),
    ("types without end", "query ($a: " + "[" * 400, {}, UNPARSED),
    ("a ladder of fragments", ladder(6), {}, (TOO, "DEPTH")),
    ("a ladder that doubles without depth", flat_ladder(9), {}, None),
    ("a longer ladder without depth", flat_ladder(16), {}, (TOO, "DEPTH")),
    ("a long ladder without depth", flat_ladder(30), {}, (TOO, "DEPTH")),
    ("a chain of fragments", "{ ...F0 } " + many("fragment F% on Query { ...F%x }", 40), {}, INVALID),
    ("fragments that all spread each other", crossed(15), {}, (TOO, "DEPTH")),
    ("a fragment that spreads itself", "{ ...F } fragment F on Query { ...F }", {}, ("GRAPHQL_VALIDATION_FAILED", "FRAGMENT_CYCLE")),
    ("a cycle of three", "{ ...A } fragment A on Query { ...B } fragment B on Query { ...C } fragment C on Query { ...A }", {}, ("GRAPHQL_VALIDATION_FAILED", "FRAGMENT_CYCLE")),
    ("a cycle that nothing reaches", "{ viewer { kind } } fragment A on Query { ...A }", {}, INVALID),
    ("a cycle beneath a field", "{ photos { nodes { ...A } } } fragment A on Photo { cover: albums { cover { ...A } } }", {}, ("GRAPHQL_VALIDATION_FAILED", "FRAGMENT_CYCLE")),
    ("directives repeated", "{ viewer " + "@include(if: true) " * 51 + "{ kind } }", {}, (TOO, "DIRECTIVES")),
    ("unknown directives", "{ viewer " + "@a " * 100 + "{ kind } }", {}, (TOO, "DIRECTIVES")),
    ("directives on spreads", "{ " + "...F @skip(if: false) " * 51 + "} fragment F on Query { viewer { kind } }", {}, (TOO, "DIRECTIVES")),
    ("two repeated directives", "{ viewer @skip(if: true) @skip(if: true) { kind } }", {}, INVALID),
    ("a huge name", "{ " + "a" * 15_000 + " }", {}, INVALID),
    ("a huge argument", '{ places(query: "' + "a" * 15_000 + '") { nodes { id } } }', {}, None),
    ("a huge block string", "{ places(query: " + BLOCK + ") { nodes { id } } }", {}, None),
    ("a larger string", '{ places(query: "' + "a" * 20_000 + '") { nodes { id } } }', {}, (TOO, "CHARACTERS")),
    ("escapes without end", '{ places(query: "' + "\\u0041" * 2_500 + '") { nodes { id } } }', {}, None),
    ("comments without end", "{ viewer { kind } } " + "# x\n" * 400, {}, None),
    ("a number of ten thousand digits", "{ photos(first: " + "9" * 10_000 + ") { nodes { id } } }", {}, INVALID),
    ("a huge page", "{ photos(first: 2147483647) { nodes { id } } }", {}, None),
    ("pages in pages", "{ photos(first: 200) { nodes { albums(first: 200) { photos(first: 200) { nodes { id } } } } } }", {}, (TOO, "COST")),
    ("pages in pages by variables", "query ($n: Int) { photos(first: $n) { nodes { albums(first: $n) { photos(first: $n) { nodes { id } } } } } }", {"n": 200}, (TOO, "COST")),
    ("pages in pages by defaults", "query ($n: Int = 200) { photos(first: $n) { nodes { albums(first: $n) { photos(first: $n) { nodes { id } } } } } }", {}, (TOO, "COST")),
    ("pages by floats", "query ($n: Int) { photos(first: $n) { nodes { albums(first: $n) { photos(first: $n) { nodes { id } } } } } }", {"n": 200.0}, (TOO, "COST")),
    ("facets by the hundred", "{ photos(first: 0) { " + many("a%: facet(by: CITY, first: 200) { buckets { key } }", 28) + " } }", {}, None),
    ("facets on every album", "{ albums(first: 200) { nodes { photos(first: 200) { " + many("a%: facet(by: CITY, first: 200) { buckets { node { id } } }", 10) + " } } } }", {}, (TOO, "COST")),
    ("a mutation eleven times", "mutation { " + many("a%: trashPhotos(input: {ids: []}) { clientMutationId }", 11) + " }", {}, (TOO, "ROOT_FIELDS")),
    ("introspection in a loop", LOOP, {}, (TOO, "INTROSPECTION")),
    ("introspection in a loop by fragments", "{ __schema { types { ...T } } } fragment T on __Type { fields { type { ...U } } } fragment U on __Type { fields { type { ...V } } } fragment V on __Type { fields { name } }", {}, (TOO, "INTROSPECTION")),
    ("introspection of implementations in a loop", '{ __type(name: "Node") { possibleTypes { interfaces { possibleTypes { name } } } } }', {}, (TOO, "INTROSPECTION")),
    ("types of types", "{ __schema { types { " + nested("ofType { ", "name", 18) + " } } }", {}, (TOO, "INTROSPECTION")),
    ("introspection thirty times", "{ " + many("a%: __schema { types { name } }", 30) + " }", {}, (TOO, "ROOT_FIELDS")),
    ("a list of five hundred", "{ nodes(ids: [" + '"x" ' * 490 + "]) { id } }", {}, (TOO, "TOKENS")),
    ("an object with one name often", "{ photos(filter: {" + "favorite: true " * 100 + "}) { nodes { id } } }", {}, (TOO, "REPEATED_FIELDS")),
    ("an argument often", "{ photos(" + "first: 1 " * 100 + ") { nodes { id } } }", {}, (TOO, "REPEATED_FIELDS")),
    ("a value nested deeply", "{ photos(filter: " + "{not: " * 40 + "{}" + "}" * 40 + ") { nodes { id } } }", {}, (TOO, "VALUE_DEPTH")),
    ("a default nested deeply", "query ($f: PhotoFilter = " + "{not: " * 40 + "{}" + "}" * 40 + ") { photos(filter: $f) { nodes { id } } }", {}, (TOO, "VALUE_DEPTH")),
    ("a variable nested deeply", FILTERED, {"f": filters(100)}, (TOO, "VALUE_DEPTH")),
    ("a variable nested too deeply to follow", FILTERED, {"f": filters(1_000)}, (TOO, "VALUE_DEPTH")),
    ("a variable with a long list", FILTERED, {"f": {"places": ["x"] * 5_000}}, (TOO, "LIST_SIZE")),
    ("a variable with many lists", FILTERED, {"f": {"any": [{"places": ["x"] * 20}] * 1_000}}, (TOO, "VALUES")),
    ("variables that nobody declared", "{ viewer { kind } }", {f"v{n}": n for n in range(20_000)}, (TOO, "VALUES")),
    ("a number too large for its type", "query ($n: Int) { photos(first: $n) { nodes { id } } }", {"n": 2**60}, ("BAD_USER_INPUT", "VARIABLES")),
    ("a variable of the wrong shape", FILTERED, {"f": [[[[[1]]]]]}, ("BAD_USER_INPUT", "VARIABLES")),
    ("a thousand wrong values", "query ($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": [{}] * 1_000}, ("BAD_USER_INPUT", "VARIABLES")),
    ("variables by the hundred", "query (" + many("$v%: Int", 100) + ") { viewer { kind } }", {}, INVALID),
    ("one variable often", "query (" + "$v: Int " * 100 + ") { viewer { kind } }", {}, INVALID),
    ("eleven operations", many("query Q% { viewer { kind } }", 11), {}, (TOO, "OPERATIONS")),
    ("operations of one name", many("query Q { viewer { kind } }", 3), {}, INVALID),
    ("unknown fields by the hundred", "{ " + many("unknownField%", 300) + " }", {}, ("GRAPHQL_VALIDATION_FAILED", "UNKNOWN_FIELDS")),
    ("unknown fields beneath", "{ viewer { " + many("kindd%", 300) + " } }", {}, ("GRAPHQL_VALIDATION_FAILED", "UNKNOWN_FIELDS")),
    ("a definition of a type", "type Query { a: Int }", {}, INVALID),
    ("nothing", "", {}, UNPARSED),
    ("only a comment", "# nothing", {}, UNPARSED),
    ("a lone surrogate", "{ viewer { kind \ud800 } }", {}, UNPARSED),
    ("a name of another script", "{ vіewer { kind } }", {}, UNPARSED),  # a Cyrillic i
    ("a byte order mark and direction marks", "\ufeff{ viewer \u202e{ kind } }", {}, UNPARSED),
    ("a zero byte", "{ viewer { kind } }\x00", {}, UNPARSED),
    ("a representation with a million fields", ENTITIES, {"r": [{"__typename": "Photo", **{f"f{n}": n for n in range(10_001)}}]}, (TOO, "VALUES")),
    ("two thousand and one representations", ENTITIES, {"r": [{"__typename": "Photo", "id": "x"}] * 2_001}, (TOO, "LIST_SIZE")),
]  # fmt: skip
