"""What every partner's manifest promises, tried against the simulator and against recorded answers."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from engine.partners import answers, catalog, requests, settings
from engine.partners.http import Client
from engine.partners.simulator import Simulator
from storage.records.deliveries import ERRORS, Answer, DeliveryCategory
from storage.records.partners import SignalKind
from tests.fakes.partner import call_partner, given, simulator

__all__ = ["simulator"]

PARTNERS = sorted(catalog.catalog())
FOLDER = Path(catalog.__file__).parent / "out_of_the_box"
RECORDED = [
    pytest.param(partner, file, id=f"{partner}-{file.stem}")
    for partner in PARTNERS
    for file in sorted((FOLDER / partner / "answers").glob("*.json"))
]
FAULTS: dict[str, list[dict[str, Any]]] = {
    "invalid_credentials": [{"kind": "status", "status": 401}, {"kind": "status", "status": 403}],
    "timeout": [{"kind": "slow", "delay_s": 2}, {"kind": "drip"}],
    "other": [
        {"kind": "status", "status": 500},
        {"kind": "reset"},
        {"kind": "empty"},
        {"kind": "html"},
        {"kind": "status", "status": 200, "text": "[]", "content_type": "application/json"},
    ],
    "partner_code": [{"kind": "limit"}, {"kind": "partial", "count": 2}],
}


@pytest.mark.parametrize(("partner", "file"), RECORDED)
def test_a_recorded_answer_means_what_stands_beside_it(partner: str, file: Path) -> None:
    # given
    recorded = json.loads(file.read_text("utf-8"))
    expected = {"may_repeat": False, "is_credentials": False, "is_limited": False, "retry_after_s": None}
    expected |= recorded["expected"]
    body = recorded["body"]
    answer = Answer(
        recorded["status"], body if isinstance(body, str) else json.dumps(body), 5, headers=recorded["headers"]
    )
    # when
    verdict = answers.judge(catalog.manifest_of(partner), SignalKind(recorded["kind"]), answer, recorded["size"])
    # then
    problems = [[problem.category.value, problem.code, problem.count] for problem in verdict.problems]
    assert {**{name: getattr(verdict, name) for name in expected}, "problems": problems} == expected
    assert verdict.accepted + sum(problem.count for problem in verdict.problems) == recorded["size"]


@pytest.mark.parametrize("partner", PARTNERS)
def test_recorded_answers_show_a_success_and_every_category_an_answer_can_have(partner: str) -> None:
    # given
    found = [json.loads(file.read_text("utf-8"))["expected"] for file in (FOLDER / partner / "answers").glob("*.json")]
    # when
    categories = {problem[0] for expected in found for problem in expected["problems"]}
    # then
    assert any(not expected["problems"] for expected in found)
    assert categories == {error.value for error in ERRORS} - {"timeout"}


@pytest.mark.promise("K13")
@pytest.mark.parametrize("partner", PARTNERS)
@pytest.mark.parametrize("category", [error.value for error in ERRORS])
def test_the_simulator_gives_a_success_each_class_of_error_and_a_slow_answer(
    partner: str, category: str, simulator: Simulator
) -> None:
    # given
    manifest = catalog.manifest_of(partner)
    entries = given(simulator.base_url(partner), timeout_s="0.5")
    for kind in manifest.kinds:
        for fault in FAULTS[category]:
            # when
            simulator.set_faults(fault, partner)
            wrong = call_partner(entries, kind, ["a", "b", "c"])[0]
            simulator.set_faults([], partner)
            right = call_partner(entries, kind, ["a", "b", "c"])[0]
            # then
            verdict = answers.judge(manifest, kind, wrong, 3)
            assert [problem.category.value for problem in verdict.problems] == [category], fault
            assert answers.judge(manifest, kind, right, 3).accepted == 3


@pytest.mark.parametrize("partner", PARTNERS)
def test_the_same_call_twice_does_no_harm_where_the_manifest_says_so(partner: str, simulator: Simulator) -> None:
    # given
    manifest = catalog.manifest_of(partner)
    assert manifest.repeat_is_safe
    entries = given(simulator.base_url(partner))
    # when
    added = call_partner(entries, SignalKind.ADD, ["a", "b"], ["a", "b"])
    held = simulator.audiences(partner)
    removed = call_partner(entries, SignalKind.REMOVE, ["a"], ["a"])
    # then
    assert held == {"123": ["a", "b"]}
    assert simulator.audiences(partner) == {"123": ["b"]}
    assert all(answer.status == 200 for answer in (*added, *removed))


@pytest.mark.parametrize("partner", PARTNERS)
def test_the_largest_batch_of_the_manifest_goes_in_one_call(partner: str, simulator: Simulator) -> None:
    # given
    manifest = catalog.manifest_of(partner)
    people = [f"{number:064x}" for number in range(manifest.batch_size_max)]
    for kind in manifest.kinds:
        # when
        answer = call_partner(given(simulator.base_url(partner), timeout_s="30"), kind, people)[0]
        # then
        assert answers.judge(manifest, kind, answer, len(people)).accepted == len(people)


@pytest.mark.parametrize("partner", PARTNERS)
def test_the_test_call_tells_a_good_token_from_a_bad_one_and_changes_nothing(
    partner: str, simulator: Simulator
) -> None:
    # given
    manifest = catalog.manifest_of(partner)
    entries = given(simulator.base_url(partner))

    async def test(changed: dict[str, str]) -> Answer:
        async with Client() as client:
            return await client.call(requests.test(manifest, entries | changed), 3)

    # when
    good, bad = (asyncio.run(test(changed)) for changed in ({}, {manifest.token: "expired"}))
    # then
    problem = answers.judge_test(manifest, bad)
    assert answers.judge_test(manifest, good) is None
    assert problem is not None
    assert problem.category is DeliveryCategory.INVALID_CREDENTIALS
    assert simulator.audiences(partner) == {}


@pytest.mark.parametrize("partner", PARTNERS)
def test_a_manifest_is_complete_for_its_pages(partner: str) -> None:
    # given
    manifest = catalog.manifest_of(partner)
    fields = {field.name: field for field in manifest.fields}
    # when / then
    assert manifest.kinds
    assert manifest.preconditions
    assert all(link.startswith("https://") for link in (manifest.documentation, manifest.error_reference))
    assert all(sentence.endswith(".") for sentence in (manifest.summary, *manifest.preconditions))
    assert all(field.label and (field.help.endswith(".") or not field.help) for field in manifest.fields)
    assert fields[manifest.token].kind == "secret"
    defaults = {name: field.default for name, field in fields.items() if field.default}
    assert not {name for name in settings.problems(manifest, defaults) if name in defaults}
    for rule in manifest.rules:
        sentences = (rule.meaning, rule.likely_cause, rule.what_next)
        assert all(sentence.endswith(".") and "please" not in sentence.lower() for sentence in sentences)
        assert not (rule.may_repeat and rule.category is DeliveryCategory.INVALID_CREDENTIALS)


@pytest.mark.parametrize("partner", PARTNERS)
def test_a_partners_folder_names_its_sources(partner: str) -> None:
    assert "https://" in (FOLDER / partner / "README.md").read_text("utf-8")
