"""The root type of mutations, composed of one part for each kind of object."""

import strawberry

from schema.mutations.albums import AlbumMutations
from schema.mutations.bulk import BulkMutations
from schema.mutations.customer import CustomerMutations
from schema.mutations.erasure import ErasureMutations
from schema.mutations.invitations import InvitationMutations
from schema.mutations.people import PersonMutations
from schema.mutations.photos import PhotoMutations
from schema.mutations.shares import ShareMutations
from schema.mutations.upserts import UpsertMutations


@strawberry.type(
    description="Entry points for changing data. Fields are executed one after the other, in the order of the document."
)
class Mutation(
    PhotoMutations,
    AlbumMutations,
    ShareMutations,
    InvitationMutations,
    PersonMutations,
    CustomerMutations,
    BulkMutations,
    UpsertMutations,
    ErasureMutations,
):
    """The mutation fields."""
