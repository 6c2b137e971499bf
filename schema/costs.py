"""What everything costs, read off the schema: the one source of `@cost`, `@listSize` and of the prices that are charged.

A unit is one object that a source had to bring by itself. Objects that one loader brings for a whole page, and values
that lie in an object already, weigh a tenth; a count over a whole set weighs fifty; a write ten. (A facet over 6,000 photos
takes as long as fifty photos of a page: `benchmarks.limits`.)
"""

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_composite_type,
)

from execution.pricing import ListSize, Pricing

LIGHT = 0.1
WHOLE = frozenset({"Photo", "Album", "Person", "Share", "SupportTicket", "Job"})
"""Types of which each object costs a unit; pages of them too."""
COUNTED = frozenset({"Facet", "Histogram", "PhotoMap"})
"""Types that one question over a whole set answers."""
COUNTING = 50.0
WRITING = 10.0
PAGE = 50
FEW = 10
REFERENCES = 50
_PAGED = frozenset({"edges", "nodes", "buckets"})
_ROOTS = frozenset({"Query", "Mutation", "Subscription"})


def pricing_of(schema: GraphQLSchema) -> Pricing:
    """The prices of this schema."""
    weights: dict[str, float] = {}
    sizes: dict[str, ListSize] = {}
    for name, found in schema.type_map.items():
        if name.startswith("__") or not isinstance(found, GraphQLObjectType | GraphQLInterfaceType):
            continue
        if name not in _ROOTS:
            weights[name] = _weight(found)
        for field_name, field in found.fields.items():
            size = _size(field)
            # A page's own lists are sized by whoever asked for the page.
            if size is not None and not (field_name in _PAGED and name.endswith(("Connection", "PhotoSet", "Facet"))):
                sizes[f"{name}.{field_name}"] = size
        if _is_item(found):
            weights |= {f"{name}.{k}": LIGHT for k, f in found.fields.items() if get_named_type(f.type).name in WHOLE}
    mutation = schema.mutation_type
    weights |= {f"Mutation.{name}": WRITING for name in mutation.fields} if mutation is not None else {}
    # Its SDL is made once for a process; who may have it is another question.
    weights["_Service"] = 1.0
    weights["_Entity"] = 1.0
    weights["Node"] = 1.0
    return Pricing(weights, sizes, unlisted=FEW)


def _weight(found: GraphQLObjectType | GraphQLInterfaceType) -> float:
    if found.name in COUNTED:
        return COUNTING
    whole = found.name in WHOLE or found.name.endswith("Connection") or found.name == "PhotoSet"
    return 1.0 if whole else LIGHT


def _is_item(found: GraphQLObjectType | GraphQLInterfaceType) -> bool:
    """Whether many of it lie beneath each other, so that one loader serves what hangs on all of them."""
    return found.name.endswith("Bucket") or any(i.name == "Node" for i in found.interfaces)


def _size(field: GraphQLField) -> ListSize | None:
    """How many objects a field gives; None where it gives one, or values without fields."""
    returned = get_named_type(field.type)
    if not is_composite_type(returned):
        return None
    slicing = tuple(name for name in ("first", "last") if name in field.args)
    lists = _lists(returned)
    if isinstance(get_nullable_type(field.type), GraphQLList):
        listed = tuple(name for name, argument in field.args.items() if _is_list(argument.type) and name != "languages")
        assumed = _default(field, REFERENCES if listed else FEW)
        return ListSize(assumed, slicing, listed)
    if not slicing or not lists:
        return None
    return ListSize(_default(field, PAGE), slicing, sized=lists)


def _lists(returned: object) -> tuple[str, ...]:
    fields = returned.fields if isinstance(returned, GraphQLObjectType | GraphQLInterfaceType) else {}
    return tuple(name for name, field in fields.items() if name in _PAGED and _is_list(field.type))


def _is_list(graphql_type: object) -> bool:
    return isinstance(get_nullable_type(graphql_type), GraphQLList)  # type: ignore[call-overload]


def _default(field: GraphQLField, otherwise: int) -> int:
    first = field.args.get("first")
    return first.default_value if first is not None and isinstance(first.default_value, int) else otherwise
