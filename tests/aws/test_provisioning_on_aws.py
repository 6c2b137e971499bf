"""On AWS, provisioning checks what CloudFormation creates, and creates the search user and the index."""

from __future__ import annotations

from typing import Any, cast

from datasources.aws.stack import Stack
from datasources.provisioning.plan import _search_user
from datasources.provisioning.search_user import SearchUserPlan
from datasources.provisioning.steps import Plan, Step
from datasources.search.opensearch.transport import Transport


async def do_not_run() -> None:
    raise AssertionError


def test_missing_resources_are_refused_and_other_differences_are_notes() -> None:
    plan = Plan(
        [Step("create table photos", do_not_run, creates=True), Step("photos: enable TTL", do_not_run)],
        ["The key is disabled."],
        ["A note."],
    ).check_only("the stack")
    assert not plan.steps
    assert plan.refused == ["The key is disabled.", "Missing resource (create table photos): deploy the stack first."]
    assert plan.notes == ["A note.", "A setting differs from the definition (photos: enable TTL): update the stack."]


def test_a_complete_stack_leaves_only_the_index_to_do() -> None:
    index = Plan([Step("create index photos-000001", do_not_run, creates=True)])
    assert Plan.joined([Plan().check_only("the stack"), index]).steps == index.steps


class SecurityApi:
    """A stand-in for the security plugin of OpenSearch, which the local server does not have: it stores what is put."""

    def __init__(self) -> None:
        self.stored: dict[str, dict[str, Any]] = {}

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        name = path.rpartition("/")[2]
        if method == "GET":
            return {name: self.stored[path]} if path in self.stored else None
        self.stored[path] = {"reserved": False, "hidden": False, **body}
        self.stored[path].pop("password", None)  # it can be written and never read
        return {"status": "CREATED"}


async def applied(api: SecurityApi) -> list[str]:
    plan = await SearchUserPlan(cast("Transport", api), "gateway", "secret words", "photos").plan()
    for step in plan.steps:
        await step.do()
    return [step.what for step in plan.steps]


async def test_the_search_user_is_created_once_with_a_role_for_its_indices_only() -> None:
    api = SecurityApi()
    assert await applied(api) == [
        "create the OpenSearch role gateway", "create the OpenSearch user gateway", "give the OpenSearch role gateway to the user",
    ]  # fmt: skip
    role = api.stored["/_plugins/_security/api/roles/gateway"]
    assert [p["index_patterns"] for p in role["index_permissions"]] == [["photos*"]]
    assert api.stored["/_plugins/_security/api/rolesmapping/gateway"]["users"] == ["gateway"]
    assert await applied(api) == []


async def test_a_role_that_was_widened_is_corrected_and_other_users_of_the_mapping_stay() -> None:
    api = SecurityApi()
    await applied(api)
    api.stored["/_plugins/_security/api/roles/gateway"]["index_permissions"][0]["index_patterns"] = ["*"]
    api.stored["/_plugins/_security/api/rolesmapping/gateway"]["users"] = ["operator"]
    assert await applied(api) == ["update the OpenSearch role gateway", "give the OpenSearch role gateway to the user"]
    assert api.stored["/_plugins/_security/api/rolesmapping/gateway"]["users"] == ["operator", "gateway"]
    assert await applied(api) == []


async def test_without_the_master_user_the_search_user_is_only_mentioned() -> None:
    stack = Stack("eu-west-1", "p-", "b", "k", "https://search.example", search_user="gateway", search_password="secret words")
    plan = await _search_user(stack, cast("Transport", SecurityApi()))
    assert not plan.steps
    assert "PHOTOS_OPENSEARCH_ADMIN_USER" in plan.notes[0]
