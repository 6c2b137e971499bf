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
    client_mutation_id_field,
    client_mutation_id_input,
    maybe_value,
    own_ids,
    patch_field,
    user_errors,
    user_errors_field,
)
from schema.person import Person


@strawberry.input(description="New values of a person. A field that is absent keeps its value; null clears it.")
class PersonSetInput:
    """The new values of a person."""

    name: strawberry.Maybe[str | None] = patch_field(C.BIOMETRIC, "New name, 1 to 500 characters.")
    cover_id: strawberry.Maybe[strawberry.ID | None] = patch_field(
        C.BIOMETRIC, "Global id of a photo that shows the person, to be used as the cover. Null: the newest photo is used."
    )

    def values(self) -> writing.PersonValues:
        """Returns the values for the resolvers."""
        return writing.PersonValues(name=maybe_value(self.name), cover_id=maybe_value(self.cover_id))


@strawberry.input(description="Input of the mutation `updatePerson`.")
class UpdatePersonInput(Input):
    """The input of `updatePerson`."""

    id: strawberry.ID = required_field(C.BIOMETRIC, "Global id of the person.")
    set: PersonSetInput = required_field(C.PUBLIC, "New values. A field that is absent keeps its value; null clears it.")
    client_mutation_id: str | None = client_mutation_id_input()


@strawberry.input(description="Input of the mutation `mergePeople`.")
class MergePeopleInput(Input):
    """The input of `mergePeople`."""

    into_id: strawberry.ID = required_field(C.BIOMETRIC, "Global id of the person that remains.")
    ids: list[strawberry.ID] = required_field(C.BIOMETRIC, "Global ids of the people to merge into `intoId`, at most 1,000.")
    client_mutation_id: str | None = client_mutation_id_input()


@strawberry.type(description="Result of the mutation `updatePerson`.")
class UpdatePersonPayload:
    """The result of `updatePerson`."""

    person: Person | None = value_field(C.BIOMETRIC, "The person after the mutation. Null if it was not found.")
    user_errors: list[UserError] = user_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type(description="Result of the mutation `mergePeople`.")
class MergePeoplePayload:
    """The result of `mergePeople`."""

    person: Person | None = value_field(C.BIOMETRIC, "The person that remains. Null if it was not found.")
    deleted_person_ids: list[strawberry.ID] = value_field(
        C.BIOMETRIC, "Global ids of the people that were merged and no longer exist."
    )
    user_errors: list[UserError] = user_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type
class PersonMutations:
    """A part of `Mutation`."""

    @field(C.PUBLIC, "Change the name or the cover of a person.")
    async def update_person(
        self, info: Info, input: Annotated[UpdatePersonInput, argument(C.PUBLIC, "The person and the new values.")]
    ) -> UpdatePersonPayload | None:
        request = writing.UpdatePerson(id=input.id, values=input.set.values(), client_mutation_id=input.client_mutation_id)
        outcome = await writing.update_person(info.context, request)
        return UpdatePersonPayload(
            person=await _person_of(info.context, outcome),
            user_errors=user_errors(outcome),
            client_mutation_id=input.client_mutation_id,
        )

    @field(C.PUBLIC, "Merge several people into one, for example when one person was recognized as two.")
    async def merge_people(
        self,
        info: Info,
        input: Annotated[MergePeopleInput, argument(C.PUBLIC, "The person that remains and the people to merge.")],
    ) -> MergePeoplePayload | None:
        request = writing.MergePeople(into_id=input.into_id, ids=tuple(input.ids), client_mutation_id=input.client_mutation_id)
        outcome = await writing.merge_people(info.context, request)
        return MergePeoplePayload(
            person=await _person_of(info.context, outcome),
            deleted_person_ids=own_ids(info.context, "Person", outcome.removed),
            user_errors=user_errors(outcome),
            client_mutation_id=input.client_mutation_id,
        )


async def _person_of(context: Context, outcome: Outcome) -> Person | None:
    if outcome.node is None:
        return None
    seen = await context.people.one(PersonKey(context.viewer.customer or "", outcome.node))
    return None if seen is None else Person.of(context, seen)
