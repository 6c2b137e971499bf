"""How fields, arguments, inputs and enum values are declared here: each with its class of personal data, or not at all."""

import functools
import inspect
from collections.abc import Callable
from enum import Enum
from typing import Any

import strawberry
from strawberry import federation
from strawberry.schema_directive import Location as On
from strawberry.types.enum import EnumValueDefinition

from access.access_log import IMPERSONAL
from access.classes import DataClass
from access.policy import Visibility
from datasources.errors import SourceError
from execution.errors import GraphQLProblem
from resolvers.context import Context
from resolvers.errors import Refused
from schema.errors import problem_of


@strawberry.enum(name="DataClass", description="Classes of personal data; who may see which is one table in the documentation.")
class SchemaDataClass(Enum):
    """`access.classes.DataClass` as clients see it."""

    PUBLIC = strawberry.enum_value("PUBLIC", description="Anyone may know.")
    OPERATIONAL = strawberry.enum_value("OPERATIONAL", description="Needed to run the service.")
    TIME = strawberry.enum_value("TIME", description="When.")
    PLACE = strawberry.enum_value("PLACE", description="Where, by name.")
    LOCATION = strawberry.enum_value("LOCATION", description="Where, by coordinates.")
    CONTENT = strawberry.enum_value("CONTENT", description="Captions, labels, keywords, names of files and albums.")
    OWNER_STATE = strawberry.enum_value("OWNER_STATE", description="What the owner did with it: favorite, hidden, rating, trash.")
    PICTURE = strawberry.enum_value("PICTURE", description="The picture itself.")
    BIOMETRIC = strawberry.enum_value("BIOMETRIC", description="People recognised.")
    IDENTITY = strawberry.enum_value("IDENTITY", description="Who a customer is.")


@federation.schema_directive(
    locations=[On.FIELD_DEFINITION, On.ARGUMENT_DEFINITION, On.INPUT_FIELD_DEFINITION, On.ENUM_VALUE],
    name="data",
    compose=True,
)
class Data:
    """What class of personal data a coordinate is."""

    class_: SchemaDataClass = strawberry.directive_field(name="class")


def labelled(data_class: DataClass) -> list[object]:
    """The directives of a class, for whatever carries one."""
    return [Data(class_=SchemaDataClass[data_class.name])]


def field(data_class: DataClass, description: str, *, name: str | None = None) -> Callable[[Callable[..., Any]], Any]:
    """A field of a class. On an object with a `sight` the gate stands before its resolver; failures are coded."""

    def declare(method: Callable[..., Any]) -> Any:
        return strawberry.field(
            resolver=_guarded(method, data_class),
            description=description,
            name=name,
            directives=labelled(data_class),
        )

    return declare


def argument(data_class: DataClass, description: str, *, name: str | None = None) -> Any:
    """An argument of a class, to stand in `Annotated`."""
    return strawberry.argument(description=description, name=name, directives=labelled(data_class))


def input_field(data_class: DataClass, description: str, *, name: str | None = None, default: Any = strawberry.UNSET) -> Any:
    """An optional field of an input; absent and null are one and the same, None."""
    return strawberry.field(description=description, name=name, default=default, directives=labelled(data_class))


def required_field(data_class: DataClass, description: str, *, name: str | None = None) -> Any:
    """A field that an input must have."""
    return strawberry.field(description=description, name=name, directives=labelled(data_class))


def value_field(data_class: DataClass, description: str, *, name: str | None = None) -> Any:
    """A member of a value object that is reached only through a field where access was decided."""
    return strawberry.field(description=description, name=name, directives=labelled(data_class))


def value(data_class: DataClass, name: str, description: str) -> EnumValueDefinition:
    """A value of an enum."""
    return strawberry.enum_value(name, description=description, directives=labelled(data_class))


class Input:
    """Inputs whose optional fields are None when absent: a null argument is the same as an absent one."""

    def __post_init__(self) -> None:
        for name, given in vars(self).items():
            if given is strawberry.UNSET:
                setattr(self, name, None)


def unset_to_none(argument_value: Any) -> Any:
    """An optional argument: None when absent."""
    return None if argument_value is strawberry.UNSET else argument_value


def _guarded(method: Callable[..., Any], data_class: DataClass) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(method):

        @functools.wraps(method)
        async def resolve_async(self: Any, *args: Any, **kwargs: Any) -> Any:
            if _denied(self, data_class):
                return None
            try:
                return audited(self, data_class, await method(self, *args, **kwargs))
            except (SourceError, Refused) as e:
                raise to_graphql_error(e, self, method, kwargs) from e

        return resolve_async

    @functools.wraps(method)
    def resolve(self: Any, *args: Any, **kwargs: Any) -> Any:
        if _denied(self, data_class):
            return None
        try:
            return audited(self, data_class, method(self, *args, **kwargs))
        except (SourceError, Refused) as e:
            raise to_graphql_error(e, self, method, kwargs) from e

    return resolve


def audited(source: Any, data_class: DataClass, found: Any) -> Any:
    """The value, remembered for the audit where it is a customer's and personal: it was let through here."""
    if found is None or data_class in IMPERSONAL:
        return found
    sight: Visibility | None = getattr(source, "sight", None)
    if sight is not None:
        owner, photo = source.about()
        source.context.readings.note(owner, sight.relation, data_class, photo)
    return found


def _denied(source: Any, data_class: DataClass) -> bool:
    sight: Visibility | None = getattr(source, "sight", None)
    return sight is not None and not sight.may(data_class)


def to_graphql_error(error: SourceError | Refused, source: Any, method: Callable[..., Any], arguments: Any) -> GraphQLProblem:
    """The error for the client; a source that failed is remembered for `extensions.degraded`."""
    if isinstance(error, SourceError):
        context: Context = source.context if hasattr(source, "context") else arguments["info"].context
        context.failed(error, _field_name(method))
    return problem_of(error)


def _field_name(method: Callable[..., Any]) -> str:
    head, *rest = method.__name__.rstrip("_").split("_")
    return head + "".join(part.capitalize() for part in rest)
