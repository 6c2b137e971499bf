"""The plain SDL is valid by the GraphQL specification alone and has the same types as the schema."""

from __future__ import annotations

import pytest
from graphql import GraphQLSchema, build_schema, parse, print_ast, print_type, validate_schema
from typer.testing import CliRunner

from commands.app import app
from schema.build import build
from schema.plain_sdl import plain_sdl

FEDERATION = ("@link", "@composeDirective", "@key", "@shareable", "@tag", "@cost", "@listSize", "@data", "@authenticated", "@requiresScopes", "@policy")  # fmt: skip


@pytest.fixture(scope="module")
def plain() -> str:
    return plain_sdl(build().sdl(auth=True))


def without_descriptions(schema: GraphQLSchema) -> dict[str, str]:
    return {
        name: print_type(kind) for name, kind in schema.type_map.items() if not name.startswith(("__", "_FieldSet", "link__"))
    }


def test_a_strict_build_accepts_it_and_finds_the_same_types(plain: str) -> None:
    built = build_schema(plain)
    assert validate_schema(built) == []
    served = without_descriptions(build().graphql_schema)
    assert {name: text for name, text in without_descriptions(built).items() if served.get(name) != text} == {}
    assert set(served) == set(without_descriptions(built))


def test_it_has_only_directives_of_the_specification_and_defines_one_of(plain: str) -> None:
    assert [d for d in FEDERATION if f"{d}(" in plain or f"{d} " in plain] == []
    assert "directive @oneOf on INPUT_OBJECT" in plain
    assert "input ShareTargetInput @oneOf" in plain
    assert print_ast(parse(plain)) + "\n" == plain


def test_federation_s_scalars_and_directive_definitions_are_removed_and_deprecations_stay() -> None:
    sdl = """
      directive @data(class: String) on FIELD_DEFINITION
      scalar federation__FieldSet
      scalar Day @specifiedBy(url: "https://day.example") @tag(name: "x")
      extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
      type Query @key(fields: "id") { id: ID @deprecated(reason: "Use x.") @tag(name: "y"), x(a: Int = 1 @data(class: "A")): Day }
    """
    assert {"federation__FieldSet", "@data", "@tag", "@key", "@link"} & set(plain_sdl(sdl).replace("(", " ").split()) == set()
    assert '@deprecated(reason: "Use x.")' in plain_sdl(sdl)
    assert "a: Int = 1" in plain_sdl(sdl)
    assert validate_schema(build_schema(plain_sdl(sdl))) == []


def test_the_command_prints_it() -> None:
    import cli  # noqa: F401 - it registers the commands

    printed = CliRunner().invoke(app, ["schema", "--plain"])
    assert (printed.exit_code, printed.stdout) == (0, plain_sdl(build().sdl()))
    refused = CliRunner().invoke(app, ["schema", "--plain", "--auth"])
    assert (refused.exit_code, "either --plain or --auth" in refused.output) == (1, True)
