"""Declares fields, arguments, input fields and enum values. Each declaration names its class of personal data."""

import functools
import inspect
from collections.abc import Callable
from enum import Enum
from typing import Any, get_args

import strawberry
from strawberry import federation
from strawberry.schema_directive import Location as On
from strawberry.types.enum import EnumValueDefinition

from access.access_log import NON_PERSONAL
from access.classes import DataClass
from access.policy import Visibility
from datasources.errors import SourceError
from execution.errors import DeniedPosition, GraphQLProblem
from resolvers.context import Context
from resolvers.errors import RequestError
from schema.errors import problem_of


@strawberry.enum(
    name="DataClass", description="Classes of personal data. The access policy decides for each class who may see it."
)
class SchemaDataClass(Enum):
    """`access.classes.DataClass` in the schema."""

    PUBLIC = strawberry.enum_value("PUBLIC", description="Data that is not personal. Every caller may see it.")
    OPERATIONAL = strawberry.enum_value(
        "OPERATIONAL", description="Technical data without private content, such as sizes, cameras and versions."
    )
    TIME = strawberry.enum_value("TIME", description="Dates and times at which something happened.")
    PLACE = strawberry.enum_value("PLACE", description="Places by name, and time zones.")
    LOCATION = strawberry.enum_value("LOCATION", description="Geographic coordinates of photos.")
    CONTENT = strawberry.enum_value("CONTENT", description="Captions, labels, keywords, recognized text, and titles of albums.")
    FILE_NAME = strawberry.enum_value(
        "FILE_NAME",
        description="Names of original files and keys of photos in other systems. They can contain times and places, so they "
        "are visible only to viewers who may see the content and the exact time and place of the photo.",
    )
    OWNER_STATE = strawberry.enum_value(
        "OWNER_STATE", description="Choices of the owner: favorite, hidden, rating, trash and shares."
    )
    PICTURE = strawberry.enum_value("PICTURE", description="The image itself: renditions, originals and placeholders.")
    BIOMETRIC = strawberry.enum_value("BIOMETRIC", description="People recognized in photos.")
    IDENTITY = strawberry.enum_value("IDENTITY", description="Identity of a customer, such as name and settings.")


@federation.schema_directive(
    description="Class of personal data of a field, argument, input field or enum value.",
    locations=[On.FIELD_DEFINITION, On.ARGUMENT_DEFINITION, On.INPUT_FIELD_DEFINITION, On.ENUM_VALUE],
    name="data",
    compose=True,
)
class Data:
    """The class of personal data of a schema coordinate."""

    class_: SchemaDataClass = strawberry.directive_field(name="class")


def class_directives(data_class: DataClass) -> list[object]:
    """Returns the directives that declare a class."""
    return [Data(class_=SchemaDataClass[data_class.name])]


def field(data_class: DataClass, description: str, *, name: str | None = None) -> Callable[[Callable[..., Any]], Any]:
    """Declares a field. Permission is checked before the resolver runs if the object has a `visibility`; errors get codes."""

    def declare(method: Callable[..., Any]) -> Any:
        return strawberry.field(
            resolver=_with_permission_check(method, data_class),
            description=description,
            name=name,
            directives=class_directives(data_class),
        )

    return declare


def argument(data_class: DataClass, description: str, *, name: str | None = None) -> Any:
    """Declares an argument, for use in `Annotated`."""
    return strawberry.argument(description=description, name=name, directives=class_directives(data_class))


def input_field(data_class: DataClass, description: str, *, name: str | None = None, default: Any = strawberry.UNSET) -> Any:
    """Declares an optional input field. Absent and null both become None."""
    return strawberry.field(description=description, name=name, default=default, directives=class_directives(data_class))


def required_field(data_class: DataClass, description: str, *, name: str | None = None) -> Any:
    """Declares a required input field."""
    return strawberry.field(description=description, name=name, directives=class_directives(data_class))


def value_field(data_class: DataClass, description: str, *, name: str | None = None) -> Any:
    """Declares a field of a value object without a permission check: the field that returns the object checks it."""
    return strawberry.field(description=description, name=name, directives=class_directives(data_class))


def enum_value(data_class: DataClass, name: str, description: str) -> EnumValueDefinition:
    """Declares an enum value."""
    return strawberry.enum_value(name, description=description, directives=class_directives(data_class))


class Input:
    """Base class of inputs. Optional fields that are absent become None, the same as null."""

    def __post_init__(self) -> None:
        for name, field_value in vars(self).items():
            if field_value is strawberry.UNSET:
                setattr(self, name, None)


def unset_to_none(argument_value: Any) -> Any:
    """Returns None for an absent optional argument, otherwise its value."""
    return None if argument_value is strawberry.UNSET else argument_value


def _with_permission_check(method: Callable[..., Any], data_class: DataClass) -> Callable[..., Any]:
    nullable = type(None) in get_args(inspect.signature(method).return_annotation)
    if inspect.iscoroutinefunction(method):

        @functools.wraps(method)
        async def resolve_async(self: Any, *args: Any, **kwargs: Any) -> Any:
            if _denied(self, data_class):
                return _denied_value(self, method, nullable=nullable)
            try:
                return audited(self, data_class, await method(self, *args, **kwargs))
            except (SourceError, RequestError) as e:
                raise to_graphql_error(e, self, method, kwargs) from e

        return resolve_async

    @functools.wraps(method)
    def resolve(self: Any, *args: Any, **kwargs: Any) -> Any:
        if _denied(self, data_class):
            return _denied_value(self, method, nullable=nullable)
        try:
            return audited(self, data_class, method(self, *args, **kwargs))
        except (SourceError, RequestError) as e:
            raise to_graphql_error(e, self, method, kwargs) from e

    return resolve


def audited(source: Any, data_class: DataClass, found: Any) -> Any:
    """Returns `found` and adds it to the access log if it is personal data of a customer."""
    if found is None or data_class in NON_PERSONAL:
        return found
    visibility: Visibility | None = getattr(source, "visibility", None)
    if visibility is not None:
        owner, photo = source.audit_subject()
        source.context.access_log.note(owner, visibility.relation, data_class, photo)
    return found


def _denied(source: Any, data_class: DataClass) -> bool:
    visibility: Visibility | None = getattr(source, "visibility", None)
    return visibility is not None and not visibility.may(data_class)


def _denied_value(source: Any, method: Callable[..., Any], *, nullable: bool) -> None:
    """Returns None, the value of a denied field; raises `DeniedPosition` if the schema does not allow null there."""
    if not nullable:
        raise DeniedPosition(f"{type(source).__name__}.{_field_name(method)}")


def to_graphql_error(
    error: SourceError | RequestError, source: Any, method: Callable[..., Any], arguments: Any
) -> GraphQLProblem:
    """Returns the error for the client. A failed data source is added to `extensions.degraded`."""
    if isinstance(error, SourceError):
        context: Context = source.context if hasattr(source, "context") else arguments["info"].context
        context.failed(error, _field_name(method))
    return problem_of(error)


def _field_name(method: Callable[..., Any]) -> str:
    head, *rest = method.__name__.rstrip("_").split("_")
    return head + "".join(part.capitalize() for part in rest)
