"""What can be changed: every noun's mutations as one type."""

import strawberry

from schema.mutations.albums import AlbumMutations
from schema.mutations.customer import CustomerMutations
from schema.mutations.people import PersonMutations
from schema.mutations.photos import PhotoMutations
from schema.mutations.shares import ShareMutations


@strawberry.type(description="What can be changed.")
class Mutation(PhotoMutations, AlbumMutations, ShareMutations, PersonMutations, CustomerMutations):
    """Fields run one after the other, in the order of the document."""
