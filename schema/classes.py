"""Collects the class of personal data of every schema coordinate. A coordinate without exactly one class fails the build."""

from typing import Any

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType
from strawberry import Schema

from access.classes import DataClass
from schema.fields import Data

_FEDERATION = frozenset({"_Service", "_Entity", "_Any", "Query._service", "Query._entities", "DataClass"})


class UnclassifiedCoordinatesError(TypeError):
    """Some schema coordinates do not have exactly one class of personal data."""


def classes_of(schema: Schema) -> dict[str, DataClass]:
    """Returns classes by coordinate, such as `Photo.caption`, `Photo.labels(first:)`, `PhotoFilter.people`, `FacetBy.PERSON`."""
    found: dict[str, DataClass | None] = {}
    for name, graphql_type in schema._schema.type_map.items():  # noqa: SLF001 - strawberry has no public name for it
        if "__" in name or name in _FEDERATION:
            continue
        match graphql_type:
            case GraphQLObjectType() | GraphQLInterfaceType():
                found |= _fields(name, graphql_type)
            case GraphQLInputObjectType():
                found |= {f"{name}.{k}": _class(f.extensions) for k, f in graphql_type.fields.items()}
            case GraphQLEnumType():
                found |= {f"{name}.{k}": _class(v.extensions) for k, v in graphql_type.values.items()}
            case _:
                pass
    undeclared = sorted(c for c, data_class in found.items() if data_class is None)
    if undeclared:
        raise UnclassifiedCoordinatesError(f"Declare exactly one class of personal data for: {', '.join(undeclared)}")
    return {c: data_class for c, data_class in found.items() if data_class is not None}


def _fields(name: str, graphql_type: GraphQLObjectType | GraphQLInterfaceType) -> dict[str, DataClass | None]:
    found: dict[str, DataClass | None] = {}
    for field_name, field in graphql_type.fields.items():
        if f"{name}.{field_name}" in _FEDERATION:
            continue
        found[f"{name}.{field_name}"] = _class(field.extensions)
        found |= {f"{name}.{field_name}({a}:)": _class(arg.extensions) for a, arg in field.args.items()}
    return found


def _class(extensions: dict[str, Any]) -> DataClass | None:
    definition = extensions.get("strawberry-definition")
    declared = [d.class_ for d in getattr(definition, "directives", ()) or () if isinstance(d, Data)]
    return DataClass[declared[0].name] if len(declared) == 1 else None
