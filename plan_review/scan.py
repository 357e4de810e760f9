"""Has checkov scan the plans, and holds what it finds against the listed skips."""

import json
import os
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from local.settings import ROOT
from plan_review.faults import first_fault
from plan_review.findings import Finding, Verdict

CHECKOV = ROOT / ".venvs/checkov/bin/checkov"
RULE = "checkov"
SKIPS_RULE = "checkov-skips"

type Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class ScanError(ValueError):
    """Checkov cannot scan, or the file of skips is not what it should be; the message says why."""


class Skip(BaseModel):
    """A check that is not for us, everywhere or at some addresses, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    check: Annotated[str, StringConstraints(pattern=r"^CKV2?_[A-Z0-9]+_[0-9]+$")]
    reason: Annotated[Text, Field(min_length=10)]
    addresses: tuple[Text, ...] = ()
    """Where it is skipped; everywhere, if none is named."""
    environments: tuple[Text, ...] = ()
    """In which it is skipped; in all, if none is named."""
    only_deployed: bool = False
    """Whether the check fails only once the values of what is deployed are known."""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    skip: tuple[Skip, ...] = ()


@dataclass(frozen=True)
class Failure:
    """A check that failed at an address."""

    stack: str
    check: str
    name: str
    address: str


def read_skips(path: Path) -> tuple[Skip, ...]:
    """Read a file of skips.

    Raises
    ------
    ScanError
        When the file is missing or malformed.
    """
    try:
        return _File.model_validate(tomllib.loads(path.read_text())).skip
    except FileNotFoundError:
        raise ScanError(f"{path} does not exist") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScanError(f"{path} is not TOML: {error}") from None
    except ValidationError as error:
        raise ScanError(f"{path}: {first_fault(error)}") from None


def scan(
    plans: Mapping[str, Path], skips: Sequence[Skip], *, environment: str, is_first_deploy: bool
) -> Iterator[Finding]:
    """Yield what checkov finds in the plans of some stacks, and the skips that skip nothing.

    A skip is of no use if it has none when everything is deployed first: what checkov makes of a
    later plan depends on how much of it is known and changed.
    """
    failures = list(_failures(_checkov(list(plans.values())), plans))
    yield from judged(failures, skips, environment=environment, is_first_deploy=is_first_deploy)


def judged(
    failures: Sequence[Failure], skips: Sequence[Skip], *, environment: str, is_first_deploy: bool
) -> Iterator[Finding]:
    """Yield the failures that no skip covers, and the skips that cover nothing."""
    holding = [each for each in skips if not each.environments or environment in each.environments]
    used: set[tuple[Skip, str]] = set()
    for failure in failures:
        covering = [
            (skip, failure.address if skip.addresses else "")
            for skip in holding
            if skip.check == failure.check
            and (not skip.addresses or failure.address in skip.addresses)
        ]
        used.update(covering)
        if not covering:
            yield Finding(
                verdict=Verdict.FAIL,
                rule=RULE,
                stack=failure.stack,
                address=failure.address,
                reason=f"{failure.check}: {failure.name}",
                remedy="Do what the check asks for, or list it in checkov-skips.toml with the "
                "reason why not.",
            )
    expected = [skip for skip in holding if is_first_deploy and not skip.only_deployed]
    for skip in expected:
        for address in skip.addresses or ("",):
            if (skip, address) not in used:
                yield Finding(
                    verdict=Verdict.FAIL,
                    rule=SKIPS_RULE,
                    stack="",
                    address=address,
                    reason=f"the skip of {skip.check} skips nothing",
                    remedy="Take it out of checkov-skips.toml.",
                )


def _failures(report: Mapping[str, Any], plans: Mapping[str, Path]) -> Iterator[Failure]:
    stacks = {str(path.resolve()): stack for stack, path in plans.items()}
    for failed in report["results"]["failed_checks"]:
        yield Failure(
            stack=stacks[failed["file_abs_path"]],
            check=failed["check_id"],
            name=failed["check_name"],
            address=failed["resource"],
        )


def _checkov(plans: Sequence[Path]) -> Mapping[str, Any]:
    """Return checkov's report on some plans; it is told to fetch nothing."""
    if not CHECKOV.exists():
        raise ScanError(f"{CHECKOV} is not there: `make .venvs/checkov/.installed` installs it")
    with tempfile.TemporaryDirectory() as nowhere:
        done = subprocess.run(
            [
                str(CHECKOV),
                "--file",
                *(str(plan.resolve()) for plan in plans),
                "--framework",
                "terraform_plan",
                "--output",
                "json",
                "--compact",
                "--quiet",
                "--skip-download",
                "--soft-fail",
            ],
            # It takes the configuration file that it finds where it is started.
            cwd=nowhere,
            env=_offline(os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    try:
        report = json.loads(done.stdout)
    except json.JSONDecodeError:
        raise ScanError(f"checkov failed:\n{done.stdout}{done.stderr}") from None
    summary = report.get("summary") if isinstance(report, dict) else None
    if not summary or not summary.get("resource_count"):
        raise ScanError(f"checkov found nothing to scan in {', '.join(map(str, plans))}")
    if summary["parsing_errors"]:
        raise ScanError(f"checkov cannot read {report['results']['parsing_errors']}")
    found: dict[str, Any] = report
    return found


def _offline(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without what checkov would log in, report or fetch with."""
    kept = {
        name: value
        for name, value in variables.items()
        if not name.startswith(("AWS_", "BC_", "CKV_", "CHECKOV_", "PRISMA_", "GITHUB_"))
    }
    return kept | {"CKV_SKIP_PACKAGE_UPDATE_CHECK": "true", "LOG_LEVEL": "ERROR"}
