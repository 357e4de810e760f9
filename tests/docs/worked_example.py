"""The steps of a worked example in a document: new files and diffs, for a copy of the project."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.docs.markdown import ROOT, Block, Document, tracked

_NAMED = re.compile(r"# (?P<path>[\w./-]+)\n(?P<text>.*)", re.DOTALL)


@dataclass(frozen=True)
class NewFile:
    """A Python block: the file that its first line names, with what follows."""

    path: str
    text: str

    def carry_out(self, project: Path) -> None:
        file = project / self.path
        if file.exists():
            raise FileExistsError(file)
        file.parent.mkdir(exist_ok=True)
        file.write_text(self.text)

    def take_back(self, project: Path) -> None:
        file = project / self.path
        file.unlink()
        if not any(file.parent.iterdir()):
            file.parent.rmdir()


@dataclass(frozen=True)
class Change:
    """A diff."""

    text: str

    @property
    def path(self) -> str:
        """The file that it changes."""
        (path,) = re.findall(r"^\+\+\+ b/(.+)$", self.text, re.MULTILINE)
        return str(path)

    def carry_out(self, project: Path) -> None:
        self._apply(project)

    def take_back(self, project: Path) -> None:
        self._apply(project, "--reverse")

    def _apply(self, project: Path, *options: str) -> None:
        subprocess.run(
            ["git", "apply", "--whitespace=error", *options],
            cwd=project,
            input=self.text,
            text=True,
            check=True,
        )


type Step = NewFile | Change


def steps_of(document: Document) -> list[Step]:
    """Return what a document has to be done, in its order."""
    return [
        _step(block, document) for block in document.blocks if block.language in {"python", "diff"}
    ]


def _step(block: Block, document: Document) -> Step:
    if block.language == "diff":
        return Change(block.text)
    match = _NAMED.fullmatch(block.text)
    if match is None:
        raise ValueError(f"{document.path}:{block.line}: the first line names no file")
    return NewFile(match["path"], match["text"])


def copy_of_the_project(folder: Path) -> Path:
    """Copy what git tracks, as it is now; what is installed is shared."""
    for path in tracked():
        if (ROOT / path).is_file():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, folder / path)
    # Otherwise git takes the paths of a diff from the root of whatever repository this is in.
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    packages = ROOT / "build" / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    (folder / "build").mkdir()
    (folder / "build" / "packages").symlink_to(packages)
    for installed in (".venv", ".venvs"):
        (folder / installed).symlink_to(ROOT / installed)
    return folder


def contents(project: Path) -> dict[str, bytes]:
    """Return every file of a copy, but for what is built or installed, with what is in it."""
    made = {".git", ".venv", ".venvs", "build", "__pycache__"}
    return {
        str(path.relative_to(project)): path.read_bytes()
        for path in project.rglob("*")
        if path.is_file() and not made & set(path.relative_to(project).parts)
    }
