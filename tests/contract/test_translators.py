"""The contract of Translator: results in order or None, never an error. Amazon's protocol is implemented locally."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from datasources.translations.amazon import AmazonTranslator
from datasources.translations.null_translator import NullTranslator
from datasources.translations.port import Translator
from datasources.vendors import AmazonTranslate
from tests.translations.amazon_stand_in import StandIn, stand_in

ADAPTERS = ("NullTranslator", "AmazonTranslator")
FINNISH = ["koiranulkoilutus", "no such word", "koiranulkoilutus", "", "\ud800", "x" * 20_000]


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def machine(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StandIn]:
    async with stand_in(monkeypatch.setenv) as made:
        yield made


@asynccontextmanager
async def amazon(machine: StandIn, clock: Clock | None = None, **changes: object) -> AsyncIterator[AmazonTranslator]:
    settings = replace(AmazonTranslate("us-east-1", machine.url, deadline_s=5.0), **changes)  # type: ignore[arg-type]
    made = AmazonTranslator(settings, now_s=clock or Clock(), random=lambda: 0.0)
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture(params=ADAPTERS)
async def translator(request: pytest.FixtureRequest, machine: StandIn) -> AsyncIterator[Translator]:
    if request.param == "NullTranslator":
        yield NullTranslator()
        return
    async with amazon(machine) as made:
        yield made


async def test_answers_each_term_in_order_or_none(translator: Translator) -> None:
    found = await translator.translate(FINNISH, "fi", "en")
    assert len(found) == len(FINNISH)
    assert found[0] == found[2]
    assert list(found[3:]) == [None, None, None]
    assert await translator.translate([], "fi", "en") == []


async def test_takes_no_personal_text_unless_reported(translator: Translator) -> None:
    assert translator.takes_personal_text is False


async def test_repeated_terms_are_requested_once_and_answers_are_kept_a_day(machine: StandIn) -> None:
    clock = Clock()
    async with amazon(machine, clock) as translator:
        for _ in range(2):
            (found, again) = await translator.translate(["koiranulkoilutus"] * 2, "fi", "en")
            assert found == again == ("dog walking", "fi")
        assert len(machine.calls) == 1
        clock.now += 86_401
        await translator.translate(["koiranulkoilutus"], "fi", "en")
        assert len(machine.calls) == 2


async def test_what_it_does_not_know_is_not_requested_again_at_once(machine: StandIn) -> None:
    async with amazon(machine) as translator:
        for _ in range(3):
            assert await translator.translate(["no such word"], "fi", "en") == [None]
    assert len(machine.calls) == 1


async def test_a_busy_machine_is_requested_again_a_few_times(machine: StandIn) -> None:
    machine.faults = [(400, "TooManyRequestsException"), (503, "ServiceUnavailableException")]
    async with amazon(machine) as translator:
        assert await translator.translate(["koiranulkoilutus"], "fi", "en") == [("dog walking", "fi")]
    assert len(machine.calls) == 3


@pytest.mark.parametrize("fault", [(400, "AccessDeniedException"), (500, "Strange"), (403, "UnrecognizedClientException")])
async def test_a_refusing_machine_costs_a_translation_and_nothing_else(machine: StandIn, fault: tuple[int, str]) -> None:
    machine.faults = [fault]
    async with amazon(machine) as translator:
        assert await translator.translate(["koiranulkoilutus"], "fi", "en") == [None]


async def test_garbage_is_no_translation(machine: StandIn) -> None:
    machine.raw = b'{"TranslatedText": 7}'
    async with amazon(machine) as translator:
        assert await translator.translate(["koiranulkoilutus"], "fi", "en") == [None]


async def test_a_slow_machine_is_waited_for_until_the_deadline(machine: StandIn) -> None:
    machine.hold = asyncio.Event()
    async with amazon(machine, deadline_s=0.05) as translator:
        assert await translator.translate(["koiranulkoilutus"], "fi", "en") == [None]


async def test_after_five_failures_nobody_waits_for_a_while(machine: StandIn) -> None:
    clock = Clock()
    machine.faults = [(500, "Strange")] * 5
    async with amazon(machine, clock) as translator:
        for n in range(6):
            assert await translator.translate([f"word {n}"], "fi", "en") == [None]
        assert len(machine.calls) == 5
        clock.now += 31
        assert await translator.translate(["koiranulkoilutus"], "fi", "en") == [("dog walking", "fi")]


async def test_a_machine_that_is_not_there_is_no_error(machine: StandIn, unused_tcp_port: int) -> None:
    settings = AmazonTranslate("us-east-1", f"http://127.0.0.1:{unused_tcp_port}", deadline_s=2.0)
    translator = AmazonTranslator(settings, now_s=Clock(), random=lambda: 0.0)
    assert await translator.translate(["koira"], "fi", "en") == [None]
    await translator.close()


async def test_sends_its_own_codes_and_the_terminologies(machine: StandIn) -> None:
    async with amazon(machine, terminologies=("labels",)) as translator:
        await translator.translate(["w"], "nb-NO", "zh-Hant")
    assert machine.calls[0] == {
        "Text": "w", "SourceLanguageCode": "no", "TargetLanguageCode": "zh-TW", "TerminologyNames": ["labels"],
    }  # fmt: skip
