"""A deploy of changed code takes effect, of what has changed only, and is rolled back."""

import base64
import hashlib
import json
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.tools import SYNTHESISED
from stacks.packaging import name_of_bytecode
from tests.e2e.orderctl import orderctl
from tests.e2e.shop import Item, Shop, detail
from tests.e2e.terraform import terraform
from tests.e2e.versions import live_version

pytestmark = pytest.mark.life

# Function → a module of its package, what is in it, and what the release puts there.
CHANGES = {
    "inventory-api": ("inventory_api/stock_keeping.py", "There is no item", "Nobody knows"),
    "validation": ("order_pipeline/domain/catalogue.py", '"unknown_item"', '"item_nobody_knows"'),
}
OLD = ("There is no item", "unknown_item")
NEW = ("Nobody knows", "item_nobody_knows")


@dataclass(frozen=True)
class Stack:
    """A copy of the synthesised pipeline stack, with the state that the deploy has made."""

    folder: Path

    def deploy(self) -> None:
        terraform(self.folder, "apply", "-auto-approve", "-input=false", "-parallelism=40")

    def differences(self) -> set[str]:
        """Return the addresses of what a plan would change, as the drift check does."""
        plan = self.folder / "plan"
        terraform(self.folder, "plan", "-input=false", f"-out={plan}")
        shown = terraform(self.folder, "show", "-json", str(plan))
        return {
            each["address"]
            for each in json.loads(shown)["resource_changes"]
            if not {"no-op", "read"} & set(each["change"]["actions"])
        }

    def change_code(self, function: str) -> None:
        """Put another package in the place of a function's."""
        module, old, new = CHANGES[function]
        configuration = self.folder / "cdk.tf.json"
        stack = json.loads(configuration.read_text())
        deployed = stack["resource"]["aws_lambda_function"][f"{function}-function"]
        package = self.folder / deployed["filename"]
        with zipfile.ZipFile(package) as original:
            files = {name: original.read(name) for name in original.namelist()}
        code = files[module].decode()
        assert old in code
        files[module] = code.replace(old, new).encode()
        del files[name_of_bytecode(module)]  # Python would take it in place of the source
        with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as changed:
            for name, content in files.items():
                changed.writestr(name, content)
        digest = hashlib.sha256(package.read_bytes()).digest()
        deployed["source_code_hash"] = base64.b64encode(digest).decode()
        configuration.write_text(json.dumps(stack))


def copy_of_pipeline(folder: Path) -> Stack:
    shutil.copytree(SYNTHESISED / "pipeline", folder, symlinks=True)
    return Stack(folder)


@pytest.fixture(scope="module")
def versions(shop: Shop) -> dict[str, str]:
    """What is live before anything is changed."""
    return all_live(shop)


@pytest.fixture(scope="module")
def release(
    shop: Shop, versions: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A deploy with other code of one function of the API and of one worker; undone at the end."""
    folder = tmp_path_factory.mktemp("stacks")
    original = copy_of_pipeline(folder / "original")
    changed = copy_of_pipeline(folder / "changed")
    for function in CHANGES:
        changed.change_code(function)
    changed.deploy()
    yield changed
    original.deploy()
    # The next deploy moves the aliases forward, whatever was rolled back.
    assert answers(shop) == OLD
    assert all_live(shop) == {
        function: str(int(version) + 2) if function in CHANGES else version
        for function, version in versions.items()
    }
    assert original.differences() == set()


def all_live(shop: Shop) -> dict[str, str]:
    names = [
        function["FunctionName"]
        for page in shop.functions.get_paginator("list_functions").paginate()
        for function in page["Functions"]
    ]
    functions = [name.removesuffix(shop.deployment.function_name("")) for name in names]
    return {function: live_version(shop, function) for function in functions}


def answers(shop: Shop) -> tuple[str, str]:
    """Return what the API and the validation stage say of an item that does not exist."""
    unknown = Item(shop.new_id("item"), 29.99, "GBP")
    said = shop.api.get(f"inventory/{unknown.item_id}")
    assert said.status_code == 404, said.text
    order_id = shop.place(
        shop.order((unknown, 1)), shows="an unknown item, told by one version or another"
    )
    order = shop.until(order_id, "REJECTED")
    reason = str(detail(order, "OrderRejected")["reason"])
    return said.json()["detail"].removesuffix(f" {unknown.item_id}."), reason


def rollback(shop: Shop, *arguments: str) -> str:
    done = orderctl(shop.deployment, "rollback", *arguments, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_deploy_publishes_what_has_changed_and_nothing_else(
    shop: Shop, versions: dict[str, str], release: Stack
) -> None:
    assert answers(shop) == NEW
    assert all_live(shop) == {
        function: str(int(version) + 1) if function in CHANGES else version
        for function, version in versions.items()
    }
    # And a deploy without a change plans nothing.
    assert release.differences() == set()


def test_the_last_deploy_is_rolled_back_once(
    shop: Shop, versions: dict[str, str], release: Stack
) -> None:
    # when
    said = rollback(shop)
    # then
    assert answers(shop) == OLD
    assert all_live(shop) == versions
    for function in CHANGES:
        before = int(versions[function])
        assert f"{function}: version {before} is live instead of {before + 1}." in said
    # and the drift check shows it until the next deploy
    assert release.differences() == {
        *(f"aws_lambda_alias.{function}-function-alias" for function in CHANGES),
        "aws_ssm_parameter.release-parameter",
    }
    # and a second time it changes nothing
    assert "Nothing to do" in rollback(shop)
    assert all_live(shop) == versions


def test_one_function_goes_to_a_version_by_its_number(
    shop: Shop, versions: dict[str, str], release: Stack
) -> None:
    # given
    release.deploy()
    assert answers(shop) == NEW
    before = versions["validation"]
    # when one function is rolled back
    rollback(shop, "validation", "--to", before)
    # then the other one is not
    assert answers(shop) == (NEW[0], OLD[1])
    assert "is live" in rollback(shop, "validation", "--to", before)
    # and what is left of the deploy can be rolled back too
    assert "validation" not in rollback(shop)
    assert answers(shop) == OLD


def test_what_cannot_be_rolled_back_is_said(shop: Shop, release: Stack) -> None:
    for arguments, sentence in (
        (("nothing",), "There is no function nothing; the functions are canary, event-publisher,"),
        (("validation", "--to", "99"), "version 99 of validation does not exist; the versions are"),
    ):
        done = orderctl(shop.deployment, "rollback", *arguments, "--yes")
        assert (done.returncode, done.stdout) == (2, "")
        assert sentence in done.stderr


def test_versions_are_listed_and_pruned_but_for_what_is_needed(
    shop: Shop, versions: dict[str, str], release: Stack
) -> None:
    # given a new release, maybe of a deployment that has had others than those of this test
    release.deploy()
    newest = live_version(shop, "validation")
    # when
    pruned = orderctl(shop.deployment, "versions", "--prune", "1", "--yes")
    done = orderctl(shop.deployment, "versions", "--prune", "1", "--yes")
    # then
    assert (pruned.returncode, done.returncode) == (0, 0), pruned.stderr + done.stderr
    assert "There is nothing to delete." in done.stdout
    (line,) = (line for line in done.stdout.splitlines() if "│ validation" in line)
    columns = [part.strip() for part in line.split("│")[1:-1]]
    assert (columns[1], columns[4]) == (newest, versions["validation"])
    assert answers(shop) == NEW
