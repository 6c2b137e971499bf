"""Secondary indexes are eventually consistent: a new share may appear late, but an ended one is invalid immediately."""

from __future__ import annotations

from pathlib import Path

from datasources.tables.store import ItemStore
from tests.requests.harness import opened
from tests.requests.test_mutations_shares import SEEN, SHARE, UNSHARE, run, to_customer
from tests.tables.reordering_store import Awkward


async def test_a_late_secondary_index_does_not_extend_access(tmp_path: Path) -> None:
    late: list[Awkward] = []

    def around(store: ItemStore) -> ItemStore:
        late.append(Awkward(store, late=True))
        return late[0]

    async with opened(tmp_path, around_store=around) as gateway:
        ana, bob = await gateway.customer("ana"), await gateway.customer("bob")
        photo = await gateway.photo("ana", "a", caption="Sea")
        album = await gateway.album(ana, "Trip", photo)
        shown, hidden = {"photo": {"id": photo}, "album": {"id": album}}, {"photo": None, "album": None}
        share = (await run(gateway, SHARE, ana, albumId=album, **{"with": to_customer(gateway, "bob")}))["share"]
        late[0].catch_up()
        await gateway.accept(bob)
        assert await gateway.answer(SEEN, {"i": photo}, as_=bob) == {"photo": None, "album": None}
        late[0].catch_up()
        both = "query($p: ID!, $a: ID!) { photo(id: $p) { id } album(id: $a) { id } }"
        assert await gateway.answer(both, {"p": photo, "a": album}, as_=bob) == shown
        ended = await run(gateway, UNSHARE, ana, shareIds=[share["id"]])
        assert ended["deletedShareIds"] == [share["id"]]
        # The secondary index still contains the grant, the table does not.
        assert await gateway.answer(both, {"p": photo, "a": album}, as_=bob) == hidden
        late[0].catch_up()
        assert await gateway.answer(both, {"p": photo, "a": album}, as_=bob) == hidden
