"""Mutations of people."""

from typing import Annotated

import strawberry

from access.classes import DataClass as C
from datasources.tables.people import PersonKey
from resolvers.context import Context
from resolvers.writing import people as writing
from resolvers.writing.outcome import Outcome
from schema.fields import Input, argument, field, required_field, value_field
from schema.mutations.payloads import (
    Info,
    UserError,
    client_mutation_id_argument,
    client_mutation_id_field,
    errors,
    given_or,
    own_ids,
    patch_field,
    user_errors_field,
)
from schema.person import Person


@strawberry.input(description="New values of a person.")
class PersonSetInput:
    """New values of a person."""

    name: strawberry.Maybe[str | None] = patch_field(C.BIOMETRIC, "Name.")
    cover_id: strawberry.Maybe[strawberry.ID | None] = patch_field(C.BIOMETRIC, "Cover.")

    def values(self) -> writing.PersonValues:
        """As the resolvers know them."""
        return writing.PersonValues(name=given_or(self.name), cover_id=given_or(self.cover_id))


@strawberry.input(description="See `updatePerson`.")
class UpdatePersonInput(Input):
    """See `updatePerson`."""

    id: strawberry.ID = required_field(C.BIOMETRIC, "Which.")
    set: PersonSetInput = required_field(C.PUBLIC, "Absent stays, null clears.")
    client_mutation_id: str | None = client_mutation_id_argument()


@strawberry.input(description="See `mergePeople`.")
class MergePeopleInput(Input):
    """See `mergePeople`."""

    into_id: strawberry.ID = required_field(C.BIOMETRIC, "The one who stays.")
    ids: list[strawberry.ID] = required_field(C.BIOMETRIC, "Those who become them.")
    client_mutation_id: str | None = client_mutation_id_argument()


@strawberry.type(description="See `updatePerson`.")
class UpdatePersonPayload:
    """See `updatePerson`."""

    person: Person | None = value_field(C.BIOMETRIC, "The person.")
    user_errors: list[UserError] = user_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type(description="See `mergePeople`.")
class MergePeoplePayload:
    """See `mergePeople`."""

    person: Person | None = value_field(C.BIOMETRIC, "The one who stays.")
    deleted_person_ids: list[strawberry.ID] = value_field(C.BIOMETRIC, "Those gone.")
    user_errors: list[UserError] = user_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type
class PersonMutations:
    """Part of `Mutation`."""

    @field(C.PUBLIC, "Names a person or picks their picture.")
    async def update_person(
        self, info: Info, input: Annotated[UpdatePersonInput, argument(C.PUBLIC, "What to change.")]
    ) -> UpdatePersonPayload | None:
        given = writing.UpdatePerson(id=input.id, values=input.set.values(), client_mutation_id=input.client_mutation_id)
        done = await writing.update_person(info.context, given)
        return UpdatePersonPayload(
            person=await _person_of(info.context, done),
            user_errors=errors(done),
            client_mutation_id=input.client_mutation_id,
        )

    @field(C.PUBLIC, "Makes one person of several.")
    async def merge_people(
        self, info: Info, input: Annotated[MergePeopleInput, argument(C.PUBLIC, "Whom.")]
    ) -> MergePeoplePayload | None:
        given = writing.MergePeople(into_id=input.into_id, ids=tuple(input.ids), client_mutation_id=input.client_mutation_id)
        done = await writing.merge_people(info.context, given)
        return MergePeoplePayload(
            person=await _person_of(info.context, done),
            deleted_person_ids=own_ids(info.context, "Person", done.gone),
            user_errors=errors(done),
            client_mutation_id=input.client_mutation_id,
        )


async def _person_of(context: Context, done: Outcome) -> Person | None:
    if done.node is None:
        return None
    seen = await context.people.one(PersonKey(context.viewer.customer or "", done.node))
    return None if seen is None else Person.of(context, seen)
