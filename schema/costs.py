"""Computes the cost of every type and field from the schema, for `@cost`, `@listSize` and the cost limits.

One unit is an object that needs a data source access of its own. Objects that one loader reads for a whole page, and values
that are part of a loaded object, cost 0.1; an aggregation over a set costs 50; a mutation costs 10. The 50 was measured by
`benchmarks.limits`: a facet over 6,000 photos takes as long as 50 photos of a page.
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

LIGHT_COST = 0.1
OBJECT_TYPES = frozenset({"Photo", "Album", "Person", "Share", "SupportTicket"})
"""Types whose objects cost one unit each."""
AGGREGATE_TYPES = frozenset({"Facet", "Histogram"})
"""Types that need an aggregation over a whole set."""
AGGREGATE_COST = 50.0
WRITE_COST = 10.0
DEFAULT_PAGE_SIZE = 50
DEFAULT_LIST_SIZE = 10
BATCH_SIZE = 50
_PAGED = frozenset({"edges", "nodes", "buckets"})
_ROOTS = frozenset({"Query", "Mutation", "Subscription"})


def pricing_of(schema: GraphQLSchema) -> Pricing:
    """Returns the costs of this schema."""
    weights: dict[str, float] = {}
    sizes: dict[str, ListSize] = {}
    for name, found in schema.type_map.items():
        if name.startswith("__") or not isinstance(found, GraphQLObjectType | GraphQLInterfaceType):
            continue
        if name not in _ROOTS:
            weights[name] = _weight(found)
        for field_name, field in found.fields.items():
            size = _size(field)
            # The field that returns the page sets the size of the lists inside it (`sizedFields`).
            if size is not None and not (field_name in _PAGED and name.endswith(("Connection", "PhotoSet", "Facet"))):
                sizes[f"{name}.{field_name}"] = size
        if _is_item(found):
            weights |= {f"{name}.{k}": LIGHT_COST for k, f in found.fields.items() if get_named_type(f.type).name in OBJECT_TYPES}
    mutation = schema.mutation_type
    weights |= {f"Mutation.{name}": WRITE_COST for name in mutation.fields} if mutation is not None else {}
    # The SDL is printed once per process.
    weights["_Service"] = 1.0
    weights["_Entity"] = 1.0
    weights["Node"] = 1.0
    return Pricing(weights, sizes, unlisted=DEFAULT_LIST_SIZE)


def _weight(found: GraphQLObjectType | GraphQLInterfaceType) -> float:
    if found.name in AGGREGATE_TYPES:
        return AGGREGATE_COST
    is_object = found.name in OBJECT_TYPES or found.name.endswith("Connection") or found.name == "PhotoSet"
    return 1.0 if is_object else LIGHT_COST


def _is_item(found: GraphQLObjectType | GraphQLInterfaceType) -> bool:
    """Whether the type occurs in lists, so that one loader reads the related objects of all items."""
    return found.name.endswith("Bucket") or any(i.name == "Node" for i in found.interfaces)


def _size(field: GraphQLField) -> ListSize | None:
    """Returns the list size of a field; None if it returns a single object or a scalar."""
    returned = get_named_type(field.type)
    if not is_composite_type(returned):
        return None
    slicing = tuple(name for name in ("first", "last") if name in field.args)
    lists = _lists(returned)
    if isinstance(get_nullable_type(field.type), GraphQLList):
        list_arguments = tuple(name for name, argument in field.args.items() if _is_list(argument.type) and name != "languages")
        assumed = _default(field, BATCH_SIZE if list_arguments else DEFAULT_LIST_SIZE)
        return ListSize(assumed, slicing, list_arguments)
    if not slicing or not lists:
        return None
    return ListSize(_default(field, DEFAULT_PAGE_SIZE), slicing, sized=lists)


def _lists(returned: object) -> tuple[str, ...]:
    fields = returned.fields if isinstance(returned, GraphQLObjectType | GraphQLInterfaceType) else {}
    return tuple(name for name, field in fields.items() if name in _PAGED and _is_list(field.type))


def _is_list(graphql_type: object) -> bool:
    return isinstance(get_nullable_type(graphql_type), GraphQLList)  # type: ignore[call-overload]


def _default(field: GraphQLField, otherwise: int) -> int:
    first = field.args.get("first")
    return first.default_value if first is not None and isinstance(first.default_value, int) else otherwise
