import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from delivery import reviewed
from delivery.target import DeliveryError
from tests.unit.delivery.fakes import Answer, a_target

TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


@pytest.fixture
def review(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a review has left, and the same stacks synthesised again."""
    folder, again = tmp_path / "review", tmp_path / "cdktf.out/stacks"
    for stack in ("storage", "pipeline"):
        for place in (folder / "synthesised/stacks", again):
            write(place / stack / "cdk.tf.json", f'{{"//": "{stack}"}}')
            write(place / stack / "packages/payment.zip", "zip")
            write(place / stack / ".terraform/providers/aws", "large")
        write(folder / "synthesised/stacks" / stack / ".terraform.lock.hcl", "provider")
        write(folder / f"plans/{stack}.tfplan", f"plan of {stack}")
        write(folder / f"plans/{stack}.json", json.dumps({"resource_changes": []}))
    write(folder / "review.md", "# Review")
    write(folder / "verdict.json", '{"exit_status": 0}')
    monkeypatch.setattr(reviewed, "SYNTHESISED", again)
    monkeypatch.setattr(reviewed, "tree_hash", lambda: TREE)
    return folder


def here(packed: Path) -> Path:
    """Return where the stacks are synthesised again."""
    return packed.parent / "cdktf.out/stacks"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def packed(review: Path, tmp_path: Path) -> Path:
    return reviewed.pack(a_target(), review=review, packed=tmp_path / "packed")


def test_what_is_packed_is_what_an_artifact_can_hold(packed: Path) -> None:
    found = {str(path.relative_to(packed)) for path in packed.rglob("*") if path.is_file()}
    assert found == {
        "review.md",
        "reviewed.json",
        "verdict.json",
        *(
            f"{stack}/{file}"
            for stack in ("storage", "pipeline")
            for file in (
                "plan",
                "terraform.lock.hcl",
                "synthesised/cdk.tf.json",
                "synthesised/packages/payment.zip",
            )
        ),
    }
    # An artifact leaves hidden files out.
    assert not [name for name in found if "/." in name]


def test_the_same_tree_synthesised_again_is_what_was_reviewed(packed: Path) -> None:
    reviewed.check_same(a_target(), packed)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda stacks: write(stacks / "pipeline/cdk.tf.json", "{}"),
            "pipeline/cdk.tf.json: differs",
        ),
        (
            lambda stacks: write(stacks / "pipeline/packages/payment.zip", "zap"),
            "pipeline/packages/payment.zip: differs",
        ),
        (
            lambda stacks: write(stacks / "storage/packages/new.zip", ""),
            "storage/packages/new.zip: was not reviewed",
        ),
        (
            lambda stacks: (stacks / "storage/packages/payment.zip").unlink(),
            "storage/packages/payment.zip: was reviewed, and is not here",
        ),
    ],
)
def test_a_byte_that_differs_stops_it(packed: Path, change: object, said: str) -> None:
    change(here(packed))  # type: ignore[operator]
    with pytest.raises(DeliveryError, match="not what was reviewed") as refused:
        reviewed.check_same(a_target(), packed)
    assert said in str(refused.value)


def test_another_tree_stops_it(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reviewed, "tree_hash", lambda: "0" * 40)
    with pytest.raises(DeliveryError, match=TREE):
        reviewed.check_same(a_target(), packed)


def test_a_first_deployment_is_not_packed(review: Path, tmp_path: Path) -> None:
    (review / "plans/pipeline.json").unlink()
    with pytest.raises(DeliveryError, match=r"pipeline could not be planned.*a person's"):
        reviewed.pack(a_target(), review=review, packed=tmp_path / "packed")


def test_the_plans_are_applied_in_order_as_they_are(packed: Path) -> None:
    target = a_target()
    reviewed.initialise(target, packed)
    reviewed.apply(target, packed)
    assert [command[:2] for command in target.ran] == [
        ("storage", "init"),
        ("pipeline", "init"),
        ("storage", "apply"),
        ("pipeline", "apply"),
    ]
    assert all("-lockfile=readonly" in command for command in target.ran[:2])
    assert target.ran[-1][-1] == str(packed / "pipeline/plan")
    lock = here(packed) / "pipeline/.terraform.lock.hcl"
    assert lock.read_text() == "provider"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("Error: Saved plan is stale", "The plan of pipeline is stale"),
        ("Error: AccessDenied", "pipeline could not be applied"),
    ],
)
def test_a_plan_that_cannot_be_applied_says_what_was(packed: Path, error: str, said: str) -> None:
    def fails(stack: str, arguments: Sequence[str]) -> Answer:
        is_it = stack == "pipeline" and arguments[0] == "apply"
        return (1, "", error) if is_it else (0, "", "")

    with pytest.raises(DeliveryError, match=said) as refused:
        reviewed.apply(a_target(fails), packed)
    assert "Applied before it: storage." in str(refused.value)


def test_what_a_plan_would_change_is_listed(tmp_path: Path) -> None:
    plan = {
        "resource_changes": [
            {"address": "aws_sqs_queue.a", "change": {"actions": ["no-op"]}},
            {"address": "data.x.b", "change": {"actions": ["read"]}},
            {"address": "aws_sqs_queue.c", "change": {"actions": ["delete", "create"]}},
        ],
        "output_changes": {"Same": {"actions": ["no-op"]}, "New": {"actions": ["create"]}},
    }
    write(tmp_path / "plan.json", json.dumps(plan))
    assert reviewed.changes(tmp_path / "plan.json") == [
        "aws_sqs_queue.c: delete and create",
        "output New: create",
    ]
