"""What `make local-documents` runs of the documents: everything, or there is a reason."""

import subprocess
from pathlib import Path

import pytest

from tests.docs.markdown import Document, documents
from tests.tour import __main__ as tour
from tests.tour.scenes import RUN_BY_OTHERS, SCENES
from tests.tour.script import (
    Scene,
    TourError,
    as_read,
    commands_of,
    script_of,
    without_comment,
)

BY_PATH = {document.path: document for document in documents()}
WITH_COMMANDS = {
    path
    for path, document in BY_PATH.items()
    if any(block.language == "sh" for block in document.blocks)
}


def a_document(*commands: str) -> Document:
    return Document("x.md", "```sh\n" + "\n".join(commands) + "\n```\n")


def run(scene: Scene, *commands: str) -> "subprocess.CompletedProcess[str]":
    script = script_of(a_document(*commands), scene)
    return subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=False, timeout=30
    )


# ------------------------------------------------------------------ the documents


def test_every_document_with_commands_is_gone_through_once() -> None:
    assert sorted([*(scene.document for scene in SCENES), *RUN_BY_OTHERS]) == sorted(WITH_COMMANDS)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.document)
def test_the_script_of_a_document_is_one_that_bash_reads(scene: Scene) -> None:
    script = script_of(BY_PATH[scene.document], scene)
    done = subprocess.run(
        ["bash", "-n"], input=script, capture_output=True, text=True, check=False, timeout=10
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.document)
def test_nothing_is_left_for_a_reader_to_fill_in(scene: Scene) -> None:
    commands = [
        as_read(command, scene.reads)
        for block in BY_PATH[scene.document].blocks
        if block.language == "sh"
        for command in commands_of(block)
        if without_comment(command) not in scene.left_out
    ]
    without_comments = [command.partition("  #")[0] for command in commands]
    assert [each for each in without_comments if "…" in each or "[-" in each] == []


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("docs/nonsense.md", "error: docs/nonsense.md is none of README.md, "),
        ("docs/api.md", "error: docs/api.md is run by tests/e2e/test_api_guide.py"),
    ],
)
def test_a_document_that_is_not_gone_through_is_refused(
    document: str,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["tour", document])
    assert tour.main() == 2
    assert capsys.readouterr().err.startswith(said)


# ------------------------------------------------------------------ commands


def test_a_command_has_all_of_its_lines() -> None:
    (block,) = a_document(
        "# what follows", "a \\", "  b", "", "c '", "", "d' &&", "e", "f  # g"
    ).blocks
    assert list(commands_of(block)) == ["a \\\n  b", "c '\n\nd' &&\ne", "f  # g"]


def test_a_command_without_an_end_is_refused() -> None:
    (block,) = a_document("a", "b 'c").blocks
    with pytest.raises(TourError, match="line 1: the last command has no end: b 'c"):
        list(commands_of(block))


def test_commands_share_what_they_set() -> None:
    done = run(Scene("x.md"), "A=1", "cd /", "echo $A $PWD")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "1 /")


def test_the_first_command_that_fails_ends_it() -> None:
    done = run(Scene("x.md"), "false", "echo on")
    assert done.returncode
    assert "on" not in done.stdout


def test_a_command_that_fails_before_a_pipe_ends_it() -> None:
    assert run(Scene("x.md"), "false | cat").returncode


def test_a_command_that_fails_before_an_and_ends_it() -> None:
    done = run(Scene("x.md"), "false && true  # and so on", "echo on")
    assert done.returncode
    assert "$ echo on" not in done.stdout


def test_each_command_is_shown_as_it_is_read() -> None:
    done = run(Scene("x.md", reads={"ORD-…": "ORD-7"}), "echo ORD-…")
    assert done.stdout.splitlines() == ["", "\x1b[1m$ echo ORD-7\x1b[0m", "ORD-7"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("make deploy ENVIRONMENT=dev", "make deploy ENVIRONMENT=local"),
        ("aws x --bucket state-dev-123456789012", "aws x --bucket state-local-000000000000"),
        ("KEY=dev/storage.tfstate", "KEY=local/storage.tfstate"),
        (
            "orderctl list [--status CONFIRMED] [--limit 5]",
            "orderctl list --status CONFIRMED --limit 5",
        ),
        ("cat /dev/null", "cat /dev/null"),
    ],
)
def test_localstack_is_in_the_place_of_an_account(written: str, read: str) -> None:
    assert as_read(written, {}) == read


# ------------------------------------------------------------------ scenes


def test_what_a_command_needs_is_made_before_it() -> None:
    done = run(Scene("x.md", before={"echo": "A=1"}), "echo $A  # one")
    assert done.stdout.splitlines()[-1] == "1"


def test_a_command_is_run_until_it_answers(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    scene = Scene("x.md", answers={"echo": "^3$"})
    done = run(scene, f"echo look >> {seen}; wc -l < {seen}", "cat /dev/null")
    assert done.returncode == 0
    assert seen.read_text() == "look\n" * 3


def test_an_answer_that_does_not_come_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.tour.script.WITHIN", 1)
    done = run(Scene("x.md", answers={"echo": "^3$"}), "echo 4", "echo on")
    assert done.returncode == 1
    assert done.stderr == "error: not seen within 1 s: ^3$\n"
    assert "on" not in done.stdout


@pytest.mark.parametrize(("status", "passes"), [(0, False), (2, True), (3, False)])
def test_only_the_statuses_that_are_expected_pass(status: int, passes: bool) -> None:
    done = run(Scene("x.md", statuses={"(exit": frozenset({2})}), f"(exit {status})", "echo on")
    assert (done.returncode == 0) == passes == ("on" in done.stdout)


def test_what_is_left_out_is_shown_with_its_reason() -> None:
    done = run(Scene("x.md", left_out={"exit 7": "never"}), "exit 7   # ends it")
    assert done.returncode == 0
    assert "$ exit 7   # ends it\n  (left out: never)" in done.stdout


def test_what_only_begins_like_what_is_left_out_is_run() -> None:
    scene = Scene("x.md", left_out={"echo": "never"})
    assert "\non\n" in run(scene, "echo", "echo on").stdout


@pytest.mark.parametrize(
    ("command", "passes"),
    [
        ("(echo 'An error occurred (UnknownOperationException)' >&2; exit 255)", True),
        ("A=$(echo 'An error occurred (InternalFailure)'; exit 255); echo $A; exit 255", True),
        ("(echo 'Parameter validation failed' >&2; exit 255)", False),
        ("(echo UnknownOperationException)", False),
    ],
)
def test_what_localstack_does_not_know_has_to_be_refused_as_such(
    command: str, passes: bool
) -> None:
    done = run(Scene("x.md", unknown_here={command[:3]: "no queries"}), command, "echo on")
    assert (done.returncode == 0) == passes == ("on\n" in done.stdout)
    assert ("(taken, and refused: no queries)" in done.stdout) == passes


@pytest.mark.parametrize(
    "scene",
    [
        Scene("x.md", before={"b": "c"}),
        Scene("x.md", reads={"b": "c"}),
        Scene("x.md", answers={"b": "c"}),
        Scene("x.md", statuses={"b": frozenset({1})}),
        Scene("x.md", unknown_here={"b": "c"}),
        Scene("x.md", left_out={"b": "c"}),
    ],
)
def test_a_scene_that_speaks_of_what_is_not_there_is_refused(scene: Scene) -> None:
    with pytest.raises(TourError, match=r"x\.md has no command"):
        script_of(a_document("a"), scene)
