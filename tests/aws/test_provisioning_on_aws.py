"""On AWS, provisioning only checks what CloudFormation creates."""

from __future__ import annotations

from datasources.provisioning.steps import Plan, Step


async def do_not_run() -> None:
    raise AssertionError


def test_missing_resources_are_refused_and_other_differences_are_notes() -> None:
    plan = Plan(
        [Step("create table photos", do_not_run, creates=True), Step("photos: enable TTL", do_not_run)],
        ["The key is disabled."],
        ["A note."],
    ).check_only("the stack")
    assert plan.steps == []
    assert plan.refused == ["The key is disabled.", "Missing resource (create table photos): deploy the stack first."]
    assert plan.notes == ["A note.", "A setting differs from the definition (photos: enable TTL): update the stack."]


def test_a_complete_stack_leaves_only_the_index_to_do() -> None:
    index = Plan([Step("create index photos-000001", do_not_run, creates=True)])
    assert Plan.joined([Plan().check_only("the stack"), index]).steps == index.steps
