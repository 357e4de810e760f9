"""What was reviewed: the plans, with the synthesised stacks and packages that they are of.

It is called by the hash of the source tree. A pull request is planned on its merge with the main
branch, so the tree that the merge then makes is the one that was planned, or it is another one and
nothing of it is applied.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from delivery.target import SHARED_STACKS, DeliveryError, Target
from local.settings import ROOT
from local.tools import SYNTHESISED

REVIEW = ROOT / "build/plan-review"
"""Where the plan review leaves its plans, and what it found (plan_review/)."""
PACKED = ROOT / "build/reviewed"
# Not by its own name, which begins with a dot: artifacts of GitHub leave such files out.
PROVIDER_LOCK, PACKED_PROVIDER_LOCK = ".terraform.lock.hcl", "terraform.lock.hcl"

STALE = "Saved plan is stale"


def tree_hash() -> str:
    """Return the hash of the source tree that is checked out.

    Raises
    ------
    DeliveryError
        If there are changes that no commit has: what would be applied is then not what is in it.
    """
    if changed := _git("status", "--porcelain").strip():
        raise DeliveryError(f"There are changes that are not committed:\n{changed}")
    return _git("rev-parse", "HEAD^{tree}").strip()


def artifact_name(environment: str, tree: str) -> str:
    """Return what the artifact with the plans of a tree is called."""
    return f"reviewed-{environment}-{tree}"


def pack(target: Target, *, review: Path = REVIEW, packed: Path = PACKED) -> Path:
    """Put the plans together with what they are of, and return the folder.

    Raises
    ------
    DeliveryError
        If a stack could not be planned for real.
    """
    if packed.exists():
        shutil.rmtree(packed)
    for stack in SHARED_STACKS:
        planned(stack, review)
        source, folder = review / "synthesised/stacks" / stack, packed / stack
        for path in sorted(synthesised_files(source)):
            _copy(source / path, folder / "synthesised" / path)
        _copy(source / PROVIDER_LOCK, folder / PACKED_PROVIDER_LOCK)
        _copy(review / f"plans/{stack}.tfplan", folder / "plan")
    for name in ("review.md", "verdict.json"):
        _copy(review / name, packed / name)
    (packed / "reviewed.json").write_text(
        json.dumps({"tree": tree_hash(), "environment": target.name}) + "\n"
    )
    return packed


def planned(stack: str, review: Path = REVIEW) -> Path:
    """Return the plan of a stack, as JSON.

    Raises
    ------
    DeliveryError
        If there is none.
    """
    plan = review / f"plans/{stack}.json"
    if not plan.is_file():
        raise DeliveryError(
            f"{stack} could not be planned, since something it needs was never deployed (the review"
            " says what). The first deployment is a person's: make deploy (docs/deploying.md)."
        )
    return plan


def check_same(target: Target, packed: Path) -> None:
    """Compare what was reviewed with what was synthesised here, byte by byte.

    Raises
    ------
    DeliveryError
        If it is of another tree or environment, or a file of a stack differs.
    """
    reviewed = json.loads((packed / "reviewed.json").read_text())
    expected = {"tree": tree_hash(), "environment": target.name}
    if reviewed != expected:
        raise DeliveryError(f"What was reviewed is {reviewed}; what is to be applied, {expected}.")
    differences = [
        f"{stack}/{path}: {how}"
        for stack in SHARED_STACKS
        for path, how in different_files(packed / stack / "synthesised", SYNTHESISED / stack)
    ]
    if differences:
        raise DeliveryError(
            "What is synthesised here is not what was reviewed, so nothing was applied:\n  "
            + "\n  ".join(differences)
        )


def different_files(reviewed: Path, here: Path) -> Iterator[tuple[Path, str]]:
    """Yield each file that is not the same in two synthesised stacks, and in what way."""
    before, after = set(synthesised_files(reviewed)), set(synthesised_files(here))
    for path in sorted(before | after):
        if path not in after:
            yield path, "was reviewed, and is not here"
        elif path not in before:
            yield path, "was not reviewed"
        elif (reviewed / path).read_bytes() != (here / path).read_bytes():
            yield path, "differs"


def synthesised_files(folder: Path) -> Iterator[Path]:
    """Yield the files of a synthesised stack, without what Terraform keeps next to them."""
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        if path.is_file() and not relative.parts[0].startswith(".terraform"):
            yield relative


def initialise(target: Target, packed: Path) -> None:
    """Prepare the stacks for their plans, with exactly the provider that those were made with."""
    for stack in SHARED_STACKS:
        _copy(packed / stack / PACKED_PROVIDER_LOCK, SYNTHESISED / stack / PROVIDER_LOCK)
        target.must(stack, "init", "-input=false", "-lockfile=readonly")


def show(target: Target, packed: Path, folder: Path) -> list[Path]:
    """Write each plan as JSON into a folder, for a review, and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for stack in SHARED_STACKS:
        files.append(folder / f"{stack}.json")
        files[-1].write_text(target.must(stack, "show", "-json", str(packed / stack / "plan")))
    return files


def apply(target: Target, packed: Path) -> None:
    """Apply the plans as they are, one stack after the other.

    Raises
    ------
    DeliveryError
        If a plan is stale: the state has changed since, so it says something about the past. Or
        if Terraform fails otherwise. What was applied before that stays applied.
    """
    applied: list[str] = []
    for stack in SHARED_STACKS:
        plan = str(packed / stack / "plan")
        done = target.terraform(stack, "apply", "-input=false", "-no-color", plan)
        print(done.stdout, flush=True)
        if done.returncode:
            so_far = f"Applied before it: {', '.join(applied)}." if applied else ""
            if STALE in done.stderr:
                raise DeliveryError(
                    f"The plan of {stack} is stale: its state was changed after the plan was made, "
                    f"by another deployment. Nothing of this plan was applied. {so_far}\n"
                    "Run the workflow `pull-request` on the main branch to plan and review it "
                    "again, then run this one again."
                )
            raise DeliveryError(f"{stack} could not be applied. {so_far}\n{done.stderr}")
        applied.append(stack)


def changes(plan: Path) -> list[str]:
    """Return what a plan, as JSON, would change: each address with what would become of it."""
    content = json.loads(plan.read_text())
    found = [
        f"{change['address']}: {' and '.join(change['change']['actions'])}"
        for change in content.get("resource_changes", [])
        if change["change"]["actions"] not in (["no-op"], ["read"])
    ]
    found += [
        f"output {name}: {' and '.join(change['actions'])}"
        for name, change in content.get("output_changes", {}).items()
        if change["actions"] != ["no-op"]
    ]
    return found


def _copy(source: Path, destination: Path) -> None:
    destination.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, destination)


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise DeliveryError(f"git {arguments[0]} failed:\n{done.stderr}")
    return done.stdout
