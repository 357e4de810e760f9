"""Deploying: `python -m delivery COMMAND` (see the Makefile). ENVIRONMENT says where to."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from delivery import addresses, by_hand, ci
from delivery.recovery import recover
from delivery.target import SHARED_STACKS, DeliveryError, Target
from local.one_at_a_time import one_at_a_time
from local.processes import LocalError
from local.settings import STATE
from orderctl.errors import sentence_of


def main() -> int:
    """Run one command and return its exit status."""
    options = _parser().parse_args()
    try:
        return _run(options)
    except (DeliveryError, LocalError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(f"error: {sentence_of(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "interrupted: what was applied is in the state; run the same again to go on",
            file=sys.stderr,
        )
        return 130


def _run(options: argparse.Namespace) -> int:
    if options.command == "comment":
        return ci.comment(options.review)
    if options.command == "addresses":
        return addresses.give_to_next_steps()
    commands: dict[str, Callable[[Target], int]] = {
        "bootstrap": lambda target: by_hand.bootstrap(target, ask=not options.yes),
        "recover": recover,
        "deploy": lambda target: by_hand.deploy(target, ask=not options.yes),
        "destroy": lambda target: by_hand.destroy(target, ask=not options.yes),
        "unlock": lambda target: by_hand.unlock(target, options.stack, options.lock),
        "review": ci.review,
        "find": ci.find,
        "apply": lambda target: ci.apply(target, options.reviewed),
        "smoke": ci.smoke,
        "drift": ci.drift,
    }
    target = Target.from_environment()
    # They synthesise into one folder, whatever the environment.
    with one_at_a_time(STATE, "cdktf"):
        return commands[options.command](target)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m delivery", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in (
        ("bootstrap", "make what an account needs once"),
        ("deploy", "deploy storage and pipeline"),
        ("destroy", "destroy pipeline and storage, with the data"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("--yes", action="store_true", help="do not ask")
    commands.add_parser("recover", help="make bootstrap's lost state again from the account")
    unlock = commands.add_parser("unlock", help="take away a lock that nobody holds any more")
    unlock.add_argument("stack", choices=SHARED_STACKS)
    unlock.add_argument("lock", metavar="LOCK", help="its id, which the message about it names")
    commands.add_parser("addresses", help="CI: give the secret's addresses to the next steps")
    commands.add_parser("review", help="CI: plan, review, and pack what was reviewed")
    comment = commands.add_parser("comment", help="CI: put a review on the pull request")
    comment.add_argument("review", type=Path, metavar="REVIEW.md")
    commands.add_parser("find", help="CI: find the run that reviewed this tree")
    apply = commands.add_parser("apply", help="CI: apply exactly what was reviewed")
    apply.add_argument("reviewed", type=Path, metavar="FOLDER", help="what `review` has packed")
    commands.add_parser("smoke", help="CI: ask the deployed API for something it must refuse")
    commands.add_parser("drift", help="CI: fail if anything differs from what was deployed")
    return parser


if __name__ == "__main__":
    sys.exit(main())
