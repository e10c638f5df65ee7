"""What a start does with the data: every state has its row, and none serves what is not whole."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from buildkit.data.stages.pipeline import POLICIES
from buildkit.data.status.decision import Access, Condition, StartAction, decide_start

GOLDEN = Path(__file__).parents[3] / "golden" / "data_decision.txt"
NOT_WHOLE = {Condition.MISSING, Condition.PARTIAL, Condition.DAMAGED, Condition.NEWER}
SERVES = {StartAction.START, StartAction.START_AND_RENEW}

conditions, accesses, policies = some.sampled_from(Condition), some.sampled_from(Access), some.sampled_from(POLICIES)


def test_the_truth_table_is_the_golden_one() -> None:
    rows = []
    for condition, access, policy in itertools.product(Condition, Access, POLICIES):
        decision = decide_start(condition, access, policy)
        rows.append(f"{condition.value:<28}{access.value:<11}{policy:<13}{decision.action.value:<17}{decision.reason}")
    assert "\n".join(rows) + "\n" == GOLDEN.read_text()


@given(conditions, accesses, policies)
def test_every_state_has_one_action_with_a_reason(condition: Condition, access: Access, policy: str) -> None:
    decision = decide_start(condition, access, policy)
    assert decision.action in StartAction
    assert decision.reason.kind == condition.value
    assert decision.reason.detail or decision.action in {StartAction.START, StartAction.RENEW_THEN_START}


@given(conditions, accesses, policies)
def test_what_is_not_whole_is_never_served(condition: Condition, access: Access, policy: str) -> None:
    assert condition not in NOT_WHOLE or decide_start(condition, access, policy).action not in SERVES


@given(conditions, accesses, policies)
def test_nobody_works_without_the_right_to(condition: Condition, access: Access, policy: str) -> None:
    action = decide_start(condition, access, policy).action
    assert access is Access.FREE or action not in {StartAction.RENEW_THEN_START, StartAction.START_AND_RENEW}


@pytest.mark.parametrize("access", Access)
@pytest.mark.parametrize("policy", POLICIES)
def test_fresh_data_starts_at_once_whatever_else_holds(access: Access, policy: str) -> None:
    assert decide_start(Condition.FRESH, access, policy).action is StartAction.START


@pytest.mark.parametrize("condition", [Condition.EXPIRED, Condition.CHANGED, Condition.FUTURE])
def test_policy_block_never_serves_what_is_due(condition: Condition) -> None:
    assert all(decide_start(condition, access, "block").action not in SERVES for access in Access)
