"""Packages of functions: one zip each, with only what the function imports, always the same bytes.

First-party code is followed import by import from the handler's module; of the pinned requirements
a package holds the distributions that this code imports and, in turn, those they require. They are
installed for the functions' Python and processor, whatever this machine has.

Modules are in it as bytecode: Lambda cannot keep what it compiles, so each cold start would compile
them again (docs/benchmarks/cold-start.md says what that takes). First-party modules are there as
source, too: the traces of exceptions quote them.
"""

import ast
import base64
import fcntl
import hashlib
import importlib.util
import marshal
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.metadata import Distribution, distributions
from pathlib import Path, PurePosixPath
from platform import machine
from types import CodeType

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parent.parent
PYTHON = "3.13"

# What AWS's Python runtime has already. (It has urllib3, too, but of a version of its choice, and
# the payment provider's library needs the pinned one.)
IN_RUNTIME = frozenset(
    {"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "python-dateutil", "six"}
)

# Of which a function uses a few modules: they are followed import by import, as first-party code
# is. (The others are taken whole: what they import by name, at run time, cannot be followed.)
_COLLECTIONS = frozenset({"aws-lambda-powertools"})

# Another version of this module, or of Python's bytecode, makes other packages.
_BUILDER = importlib.util.MAGIC_NUMBER + Path(__file__).read_bytes()

# The oldest time a zip can hold.
_TIME = (1980, 1, 1, 0, 0, 0)
_REGULAR_FILE_READABLE_BY_ALL = 0o100644
_UNIX = 3
# Written by the installer, different on each machine, not read at run time.
_INSTALLERS_NOTES = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
# For type checkers, compilers and auditors.
_NOT_READ = (".pyi", ".typed", ".c", ".cyclonedx.json")
# The version of pydantic that it was before, for code of its time; and a type checker's plugin.
_NOT_USED = ("pydantic/v1/", "pydantic/mypy.py")


class PackagingError(RuntimeError):
    """A function cannot be packaged; the message says why."""


class Architecture(StrEnum):
    """The processors that Lambda runs functions on, as Lambda calls them."""

    ARM64 = "arm64"
    X86_64 = "x86_64"

    @classmethod
    def of_host(cls) -> "Architecture":
        """Return the processor of this machine."""
        return cls.ARM64 if machine().lower() in {"arm64", "aarch64"} else cls.X86_64

    @property
    def platform(self) -> str:
        """The platform as uv calls it: the wheels that Lambda's Amazon Linux 2023 can load."""
        processor = "aarch64" if self is Architecture.ARM64 else "x86_64"
        return f"{processor}-manylinux2014"


@dataclass(frozen=True)
class Package:
    """A function's zip, and the digest by which Lambda knows its contents."""

    path: Path
    digest: str


def package_function(
    folder: str, architecture: Architecture, destination: Path, *, project: Path = PROJECT
) -> Package:
    """Put the zip of the function in ``lambdas/{folder}`` into the folder `destination`.

    Raises
    ------
    PackagingError
        When the function's code is missing or imports what no pinned requirement provides.
    """
    if sys.version_info[:2] != tuple(map(int, PYTHON.split("."))):
        raise PackagingError(f"packages hold bytecode: build them with Python {PYTHON}")
    destination.mkdir(parents=True, exist_ok=True)
    target = destination / f"{folder}.zip"
    with _in_turn(folder, architecture, project):
        built = _built_before(folder, architecture, project)
        built = built or _build(folder, architecture, project)
        shutil.copyfile(built.path, target)
    return Package(target, built.digest)


@contextmanager
def _in_turn(folder: str, architecture: Architecture, project: Path) -> Iterator[None]:
    """Wait until no other process packages this function: it removes packages of other sources."""
    packages = _packages(architecture, project)
    packages.mkdir(parents=True, exist_ok=True)
    with (packages / f"{folder}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(folder: str, architecture: Architecture, project: Path) -> Package:
    """Build a function's package, unless one of the same contents is there."""
    inputs = _inputs(project)
    installed = _installed_requirements(
        project / "requirements" / "lambda.txt", architecture, project
    )
    files = files_of(folder, source_root=project / "lambdas", installed=installed)
    contents = {name: path.read_bytes() for name, path in files.items()}
    packages = _packages(architecture, project)
    built = packages / f"{folder}-{_key(contents)}.zip"
    if not built.exists():
        outdated = list(packages.glob(f"{folder}-*.zip"))
        _write_zip(built, contents)
        for package in outdated:
            package.unlink()
    digest = base64.b64encode(hashlib.sha256(built.read_bytes()).digest()).decode()
    if inputs == _inputs(project):  # else somebody has saved a source meanwhile
        note = _note(folder, architecture, project)
        unfinished = note.with_suffix(".unfinished")
        unfinished.write_text(f"{inputs} {built.name} {digest}", encoding="utf-8")
        unfinished.replace(note)
    return Package(built, digest)


def _built_before(folder: str, architecture: Architecture, project: Path) -> Package | None:
    """Return the package that was built of just these sources, if it is still there.

    To find out what belongs into it takes longer than all else of a synthesis.
    """
    note = _note(folder, architecture, project)
    if not note.exists():
        return None
    inputs, name, digest = note.read_text(encoding="utf-8").split()
    built = note.with_name(name)
    return Package(built, digest) if inputs == _inputs(project) and built.exists() else None


def _note(folder: str, architecture: Architecture, project: Path) -> Path:
    return _packages(architecture, project) / f"{folder}.built"


def _packages(architecture: Architecture, project: Path) -> Path:
    return project / "build" / "functions" / architecture.value


def _inputs(project: Path) -> str:
    """Return a name for all that packages are made of: sources, requirements, and this module."""
    contents = hashlib.sha256(_BUILDER)
    files = [project / "requirements" / "lambda.txt", *(project / "lambdas").rglob("*.py")]
    for path in sorted(files):
        contents.update(f"{path.relative_to(project)}\0".encode())
        contents.update(hashlib.sha256(path.read_bytes()).digest())
    return contents.hexdigest()[:16]


def files_of(folder: str, *, source_root: Path, installed: Path) -> dict[str, Path]:
    """Return what belongs into the package of a function: name in the zip → file.

    The file of a name that ends with ``.pyc`` is the source to compile.
    """
    modules = first_party_modules(f"{folder}.handler", source_root)
    files = {str(path.relative_to(source_root)): path for path in modules}
    files |= {name_of_bytecode(name): path for name, path in files.items()}
    imported = {name for path in modules for name in _imports(path, source_root)}
    for distribution in _required_distributions(imported, folder, source_root, installed):
        files |= _files(distribution, installed, imported)
    return dict(sorted(files.items()))


# ------------------------------------------------------------------ modules


def first_party_modules(entry: str, source_root: Path) -> set[Path]:
    """Return the files of the module `entry` and of all first-party modules it leads to."""
    if _module_file(entry, source_root) is None:
        raise PackagingError(f"there is no function {entry}: no such module in {source_root.name}/")
    return _followed({entry}, source_root)


def _followed(entries: Iterable[str], root: Path, only: Container[str] = ()) -> set[Path]:
    """Return the files of the modules `entries` and of all modules below `root` they lead to.

    With `only`, of these top-level packages.
    """
    found: set[Path] = set()
    pending = list(entries)
    while pending:
        name = pending.pop()
        if only and name.partition(".")[0] not in only:
            continue
        path = _module_file(name, root)
        if path is None or path in found:
            continue
        found.add(path)
        pending += _imports(path, root)
        parent = name.rpartition(".")[0]
        if parent:
            pending.append(parent)  # its __init__ runs first
    return found


def _module_file(name: str, root: Path) -> Path | None:
    path = os.path.join(root, *name.split("."))  # noqa: PTH118 - as are thousands of names
    for candidate in (f"{path}.py", f"{path}/__init__.py"):
        if os.path.isfile(candidate):  # noqa: PTH113
            return Path(candidate)
    return None


def _imports(path: Path, root: Path) -> Iterable[str]:
    """Return the dotted names that a module imports; of ``from a import b`` both a and a.b."""
    return _imports_of(path.read_bytes(), path.relative_to(root).parent.parts)


@cache
def _imports_of(source: bytes, package: tuple[str, ...]) -> frozenset[str]:
    names: set[str] = set()
    for node in _executed_nodes(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            names.add(module)
            names.update(f"{module}.{alias.name}" for alias in node.names)
    return frozenset(names)


def _executed_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Walk the nodes of a module but for what only type checkers look at."""
    yield node
    skipped: list[ast.stmt] = []
    if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        skipped = node.body
    for child in ast.iter_child_nodes(node):
        if child not in skipped:
            yield from _executed_nodes(child)


# ------------------------------------------------------------------ requirements


def _installed_requirements(requirements: Path, architecture: Architecture, project: Path) -> Path:
    """Return the folder with the requirements for a processor, installing them the first time."""
    pinned = hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]
    target = project / "build" / "packages" / f"{architecture.value}-{pinned}"
    if target.exists():
        return target
    uv = project / ".venvs" / "uv" / "bin" / "uv"
    if not uv.exists():
        raise PackagingError("uv, which installs the functions' packages, is missing: make setup")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".installing-") as temporary:
        command: list[str | Path] = [uv, "pip", "install", "--quiet", "--target", temporary]
        command += ["--python-platform", architecture.platform, "--python-version", PYTHON]
        command += ["--only-binary", ":all:", "--require-hashes", "--no-deps", "-r", requirements]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)
        except subprocess.CalledProcessError as error:
            raise PackagingError(
                f"the functions' packages could not be installed for {architecture.value}:\n"
                f"{error.stderr}"
            ) from error
        _put_in_place(Path(temporary), target)
    return target


@dataclass(frozen=True)
class _Distribution:
    """What is installed of a requirement: the files of it that packages may hold."""

    name: str
    files: frozenset[str]
    requires: tuple[str, ...]
    """Names of other requirements."""

    @property
    def tops(self) -> set[str]:
        """The modules and packages that it provides."""
        tops = {file.partition("/")[0] for file in self.files}
        return {top.partition(".")[0] for top in tops if not top.endswith((".dist-info", ".data"))}


@cache
def _distributions_in(installed: Path) -> Mapping[str, _Distribution]:
    """Return what is installed in a folder, by name; once installed, it stays as it is."""
    found = (
        _Distribution(
            _name(each.name),
            frozenset(str(file) for file in each.files or [] if _belongs(file)),
            tuple(_requirements(each)),
        )
        for each in distributions(path=[str(installed)])
    )
    return {each.name: each for each in found}


def _belongs(file: PurePosixPath) -> bool:
    """Tell whether a file of a distribution is anything that a function may need."""
    is_program = file.parts[0] in {"..", "bin"}
    is_beside_the_code = {"tests", "test", "__pycache__"} & set(file.parts)
    is_read = not (file.name.endswith(_NOT_READ) or str(file).startswith(_NOT_USED))
    return is_read and not (is_program or is_beside_the_code or file.name in _INSTALLERS_NOTES)


def _required_distributions(
    imported: Iterable[str], folder: str, source_root: Path, installed: Path
) -> list[_Distribution]:
    """Return the distributions that provide what is `imported`, and what they require in turn."""
    available = _distributions_in(installed)
    providers = {top: each.name for each in available.values() for top in each.tops}
    first_party = {path.name.removesuffix(".py") for path in source_root.iterdir()}
    pending: list[str] = []
    for module in sorted({name.partition(".")[0] for name in imported}):
        if module in sys.stdlib_module_names | first_party | IN_RUNTIME:
            continue
        if module not in providers:
            raise PackagingError(
                f"{folder} imports {module}, which nothing in requirements/lambda.txt provides"
            )
        pending.append(providers[module])
    found: dict[str, _Distribution] = {}
    while pending:
        name = pending.pop()
        if name in found or name in IN_RUNTIME:
            continue
        if name not in available:
            raise PackagingError(f"{folder} needs {name}, which requirements/lambda.txt lacks")
        found[name] = available[name]
        pending += available[name].requires
    return list(found.values())


def _requirements(distribution: Distribution) -> Iterator[str]:
    """Yield what a distribution requires where the functions run."""
    target = {"python_version": PYTHON, "sys_platform": "linux", "platform_system": "Linux"}
    for line in distribution.requires or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({**target, "extra": ""}):
            yield _name(requirement.name)


def _name(distribution: str) -> str:
    """Return the one spelling of a distribution's name."""
    return str(canonicalize_name(distribution))


def _files(
    distribution: _Distribution, installed: Path, imported: Iterable[str]
) -> dict[str, Path]:
    """Return what a package holds of a distribution: its modules as bytecode, and its data."""
    files = {name: installed / name for name in distribution.files}
    if distribution.name in _COLLECTIONS:
        used = _followed(imported, installed, only=distribution.tops)
        files = {
            name: path for name, path in files.items() if path in used or ".dist-info/" in name
        }
    return {
        name.removesuffix(".py") + ".pyc" if name.endswith(".py") else name: path
        for name, path in files.items()
    }


# ------------------------------------------------------------------ the zip


def _key(contents: Mapping[str, bytes]) -> str:
    """Return a name for the `contents` of files, and for how they are packed."""
    key = hashlib.sha256(_BUILDER)
    for name, content in contents.items():
        key.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    return key.hexdigest()[:16]


def _write_zip(target: Path, contents: Mapping[str, bytes]) -> None:
    """Write the same bytes for the same contents: sorted, without times, owners or modes."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".building-") as temporary:
        unfinished = Path(temporary) / target.name
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for name, content in sorted(contents.items()):
                entry = zipfile.ZipInfo(name, _TIME)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.create_system = _UNIX
                entry.external_attr = _REGULAR_FILE_READABLE_BY_ALL << 16
                archive.writestr(
                    entry, bytecode(content, name) if name.endswith(".pyc") else content
                )
        unfinished.replace(target)


def name_of_bytecode(source: str) -> str:
    """Return where Python looks for the bytecode of a module whose source is there as well."""
    path = PurePosixPath(source)
    return str(path.parent / "__pycache__" / f"{path.stem}.cpython-{PYTHON.replace('.', '')}.pyc")


def _name_of_source(bytecode: str) -> str:
    path = PurePosixPath(bytecode)
    folder = path.parent.parent if path.parent.name == "__pycache__" else path.parent
    return str(folder / f"{path.name.partition('.')[0]}.py")


@cache
def bytecode(source: bytes, name: str) -> bytes:
    """Compile a module to bytecode that Python uses without comparing it with any source.

    PEP 552 says what is in front of it:
    https://docs.python.org/3.13/reference/import.html#cached-bytecode-invalidation
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what others' code is warned of is their business
        code = compile(
            source, f"/var/task/{_name_of_source(name)}", "exec", dont_inherit=True, optimize=0
        )
    hash_that_is_not_checked = (1).to_bytes(4, "little") + importlib.util.source_hash(source)
    return importlib.util.MAGIC_NUMBER + hash_that_is_not_checked + marshal.dumps(_interned(code))


def _interned(code: CodeType) -> CodeType:
    """Return the code with all texts interned.

    Else some are or are not, and are written in another way, by what else this process has loaded.
    """

    def interned(constant: object) -> object:
        match constant:
            case CodeType():
                return _interned(constant)
            case str():
                return sys.intern(constant)
            case _:
                return constant

    return code.replace(co_consts=tuple(map(interned, code.co_consts)))


def _put_in_place(source: Path, target: Path) -> None:
    """Give a finished folder its name, unless another process was there first."""
    try:
        source.rename(target)
        source.mkdir()  # for its context manager to remove
    except OSError:
        if not target.exists():
            raise
