"""`python -m plan_review PLAN.json…`: reviews plans that `terraform show -json` has printed.

Exit status: 0 pass, 1 fail, 2 cannot judge, 3 no review (bad input, or a stack cannot be planned).
"""

import argparse
import os
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from local.one_at_a_time import one_at_a_time
from local.processes import LocalError
from local.settings import ROOT
from plan_review.findings import Deployment
from plan_review.plan import Plan, PlanError
from plan_review.planning import STACKS, plan_stacks
from plan_review.redaction import redacted
from plan_review.report import write_report
from plan_review.review import PlannedStack, Review, review
from plan_review.rules import RULES
from plan_review.rules.identity import ACCOUNT_WIDE_STACKS
from plan_review.scan import RULE as SCAN_RULE
from plan_review.scan import ScanError, read_skips, scan
from plan_review.waivers import WaiverError, read_waivers
from stacks.settings import LOCAL_ACCOUNT_ID

NO_REVIEW = 3


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """End with the status of no review; argparse's own 2 means something else here."""
        self.print_usage(sys.stderr)
        self.exit(NO_REVIEW, f"error: {message}\n")


def main() -> int:
    """Run the review and return its exit status."""
    options = _parser().parse_args()
    if bool(options.plans) == options.plan:
        _parser().error("name the plans to review, or have them made with --plan")
    try:
        # Plans are made where the last ones were.
        with one_at_a_time(options.out.resolve()) if options.plan else nullcontext():
            done = _review(options)
    except (LocalError, PlanError, ScanError, WaiverError) as error:
        print(f"error: {redacted(str(error))}", file=sys.stderr)
        return NO_REVIEW
    for finding in done.open:
        place = " ".join(part for part in (finding.stack, finding.address) if part)
        print(redacted(f"{finding.verdict}  {finding.rule}  {place}: {finding.reason}"))
    print(f"Plan review: {done.verdict} (all of it: {options.out / 'review.md'})")
    return int(done.verdict)


def _review(options: argparse.Namespace) -> Review:
    today = datetime.now(UTC).date()
    deployment = _deployment()
    waivers = [
        each
        for each in read_waivers(options.waivers, rules=[*RULES, SCAN_RULE], today=today)
        if options.checkov or each.rule != SCAN_RULE
    ]
    skips = read_skips(options.skips) if options.checkov else ()
    if options.plan:
        stacks = plan_stacks(options.stacks, options.out, deployment)
    else:
        stacks = [_read(path) for path in options.plans]
    files = {stack.name: stack.file for stack in stacks if stack.file}
    more = (
        scan(files, skips, environment=deployment.environment, is_first_deploy=False)
        if options.checkov
        else ()
    )
    # CI deploys the other stacks only, and reviews no more.
    is_whole = {stack.name for stack in stacks} >= {*STACKS} - {*ACCOUNT_WIDE_STACKS}
    done = review(
        stacks, deployment, waivers=waivers, today=today, is_whole=is_whole, more=list(more)
    )
    write_report(done, options.out)
    return done


def _deployment() -> Deployment:
    environment = os.environ.get("ENVIRONMENT") or "local"
    account = LOCAL_ACCOUNT_ID if environment == "local" else os.environ.get("AWS_ACCOUNT_ID")
    suffix = os.environ.get("ENVIRONMENT_SUFFIX") or environment
    return Deployment(environment, suffix, account)


def _read(path: Path) -> PlannedStack:
    try:
        plan = Plan.read(path.read_text())
    except OSError as error:
        raise PlanError(f"{path} cannot be read: {error.strerror}") from None
    except (PlanError, UnicodeDecodeError) as error:
        raise PlanError(f"{path} {error}") from None
    return PlannedStack(path.stem, plan, path)


def _parser() -> _Parser:
    parser = _Parser(prog="python -m plan_review", description=__doc__)
    parser.add_argument(
        "plans", nargs="*", type=Path, metavar="PLAN.json", help="called by their stack's name"
    )
    parser.add_argument("--plan", action="store_true", help="plan the stacks of ENVIRONMENT first")
    parser.add_argument(
        "--stacks", nargs="+", default=list(STACKS), choices=STACKS, help="what --plan plans"
    )
    parser.add_argument("--checkov", action="store_true", help="have checkov scan the plans too")
    parser.add_argument(
        "--out",
        type=Path,
        default=ROOT / "build/plan-review",
        help="where review.md and verdict.json go, and the plans with --plan",
    )
    parser.add_argument("--waivers", type=Path, default=ROOT / "plan-waivers.toml")
    parser.add_argument("--skips", type=Path, default=ROOT / "checkov-skips.toml")
    return parser


if __name__ == "__main__":
    sys.exit(main())
