"""A function's package holds what the function imports, nothing else, and always the same bytes."""

import hashlib
import importlib.util
import marshal
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from stacks import packaging
from stacks.packaging import (
    IN_RUNTIME,
    PROJECT,
    Architecture,
    PackagingError,
    bytecode,
    files_of,
    package_function,
)

FUNCTIONS = sorted(path.parent.name for path in PROJECT.glob("lambdas/*/handler.py"))
LONG_AGO = 946_684_800

# Runs the import statements of a file, with the search path given.
RUN_IMPORTS = """
import ast, pathlib, sys
handler, *sys.path[:0] = sys.argv[1:]
tree = ast.parse(pathlib.Path(handler).read_text())
tree.body = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
exec(compile(tree, handler, "exec"))
"""

# Packages the function `greet` again and again, of sources that change at each time.
PACKAGE_OFTEN = """
import pathlib, sys
from stacks.packaging import Architecture, package_function
project, destination, words = map(pathlib.Path, sys.argv[1:])
for number in range(25):
    unfinished = words.with_suffix(f".{destination.name}")
    unfinished.write_text(f"WORD = {number}")
    unfinished.replace(words)
    package_function("greet", Architecture.ARM64, destination, project=project)
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, zipfile.ZipFile]:
    """The package of every function, for AWS."""
    folder = tmp_path_factory.mktemp("packages")
    return {
        function: zipfile.ZipFile(package_function(function, Architecture.ARM64, folder).path)
        for function in FUNCTIONS
    }


# ------------------------------------------------------------------ the real packages


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_package_holds_the_handler_and_the_domain(
    packages: dict[str, zipfile.ZipFile], function: str
) -> None:
    names = packages[function].namelist()
    assert f"{function}/handler.py" in names
    assert "order_pipeline/__init__.py" in names
    assert names == sorted(names)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_package_leaves_out_what_it_must_not_carry(
    packages: dict[str, zipfile.ZipFile], function: str
) -> None:
    for name in packages[function].namelist():
        parts = Path(name).parts
        assert parts[0] not in IN_RUNTIME, name
        assert not {"tests", "test", "bin"} & set(parts), name
        assert not name.endswith((".pyi", ".c", "RECORD", "INSTALLER", "direct_url.json")), name


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_module_is_there_as_bytecode(
    packages: dict[str, zipfile.ZipFile], function: str
) -> None:
    """Lambda keeps nothing of what it compiles: every cold start would do it again."""
    names = set(packages[function].namelist())
    sources = {Path(name) for name in names if name.endswith(".py")}
    assert {path.parts[0] for path in sources} == {function, "order_pipeline"}
    for path in sources:
        bytecode = path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc"
        assert str(bytecode) in names
    assert "pydantic/main.pyc" in names
    for name in names:
        if name.endswith(".pyc"):
            header = packages[function].read(name)[:8]
            assert header[:4] == importlib.util.MAGIC_NUMBER
            # PEP 552: by a hash that is not checked
            assert int.from_bytes(header[4:], "little") == 0b01


@pytest.mark.parametrize("function", FUNCTIONS)
def test_of_powertools_only_what_is_imported_is_there(
    packages: dict[str, zipfile.ZipFile], function: str
) -> None:
    names = packages[function].namelist()
    assert "aws_lambda_powertools/logging/logger.pyc" in names
    for unused in ("swagger-ui-bundle", "utilities/batch", "utilities/parser"):
        assert not [name for name in names if unused in name]


def test_only_those_who_ask_the_payment_provider_carry_its_library(
    packages: dict[str, zipfile.ZipFile],
) -> None:
    carriers = {
        function
        for function, package in packages.items()
        if any(name.startswith("stripe/") for name in package.namelist())
    }
    assert carriers == {"payment", "payment_breaker", "reconciler"}


def test_only_those_who_write_on_the_traces_of_orders_carry_x_rays_library(
    packages: dict[str, zipfile.ZipFile],
) -> None:
    carriers = {
        function
        for function, package in packages.items()
        if {"aws_xray_sdk/__init__.pyc", "wrapt/__init__.pyc"} <= set(package.namelist())
    }
    assert carriers == set(FUNCTIONS) - {"canary", "inventory_api", "orders_api", "payment_breaker"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_package_has_no_other_functions_code(
    packages: dict[str, zipfile.ZipFile], function: str
) -> None:
    folders = {Path(name).parts[0] for name in packages[function].namelist()}
    assert folders & set(FUNCTIONS) == {function}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_compiled_modules_are_for_the_functions_processor(
    packages: dict[str, zipfile.ZipFile], function: str
) -> None:
    compiled = [name for name in packages[function].namelist() if name.endswith(".so")]
    assert compiled  # pydantic's core at least
    for name in compiled:
        assert name.endswith("cpython-313-aarch64-linux-gnu.so")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_all_that_a_function_imports_is_in_its_package(
    function: str, tmp_path: Path, runtime: Path
) -> None:
    """Run the handler's imports with the package, AWS's runtime and nothing else.

    A process for each function: one that has imported everything cannot tell what is missing.
    """
    # given
    package = package_function(function, Architecture.of_host(), tmp_path)
    unpacked = tmp_path / "task"
    zipfile.ZipFile(package.path).extractall(unpacked)
    handler = unpacked / function / "handler.py"
    # when: without this environment's packages
    process = subprocess.run(
        [sys.executable, "-I", "-S", "-c", RUN_IMPORTS, handler, unpacked, runtime],
        capture_output=True,
        text=True,
        check=False,
    )
    # then
    assert process.returncode == 0, process.stderr


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what AWS's runtime has."""
    folder = tmp_path_factory.mktemp("runtime")
    for module in ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3"):
        source = __import__(module).__path__[0]
        (folder / module).symlink_to(source)
    (folder / "six.py").symlink_to(str(__import__("six").__file__))
    return folder


# ------------------------------------------------------------------ the same bytes


def test_another_checkout_builds_the_same_bytes(tmp_path: Path) -> None:
    # given: another folder, other times, other permissions
    checkout = tmp_path / "another checkout"
    shutil.copytree(
        PROJECT / "lambdas", checkout / "lambdas", ignore=shutil.ignore_patterns("__pycache__")
    )
    (checkout / "requirements").mkdir()
    shutil.copy(PROJECT / "requirements" / "lambda.txt", checkout / "requirements")
    (checkout / "build").mkdir()
    (checkout / "build" / "packages").symlink_to(PROJECT / "build" / "packages")
    for path in (checkout / "lambdas").rglob("*"):
        path.chmod(0o700)
        os.utime(path, (LONG_AGO, LONG_AGO))
    (checkout / "lambdas" / "validation" / "__pycache__").mkdir()
    (checkout / "lambdas" / "validation" / "__pycache__" / "stage.pyc").write_bytes(b"compiled")
    here = package_function("validation", Architecture.ARM64, tmp_path / "here")
    # when
    previous = os.umask(0o077)
    try:
        there = package_function(
            "validation", Architecture.ARM64, tmp_path / "there", project=checkout
        )
    finally:
        os.umask(previous)
    # then
    assert (checkout / "build" / "functions").exists()  # it was built, not taken from here
    assert there.path.read_bytes() == here.path.read_bytes()
    assert there.digest == here.digest


def test_a_changed_module_changes_the_packages_that_hold_it(project: Path, tmp_path: Path) -> None:
    # given
    greet, part = (_packaged(project, function, tmp_path) for function in ("greet", "part"))
    # when
    (project / "lambdas" / "greet" / "words.py").write_text("WORD = 'good day'\n")
    # then
    assert _packaged(project, "greet", tmp_path) != greet
    assert _packaged(project, "part", tmp_path) == part


def test_outdated_packages_are_removed(project: Path, tmp_path: Path) -> None:
    # given
    _packaged(project, "greet", tmp_path)
    # when
    (project / "lambdas" / "greet" / "words.py").write_text("WORD = 'good day'\n")
    _packaged(project, "greet", tmp_path)
    # then
    assert len(list((project / "build" / "functions" / "arm64").glob("*.zip"))) == 1


def test_what_was_built_of_the_same_sources_is_not_looked_into_again(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    built = _packaged(project, "greet", tmp_path)
    monkeypatch.setattr("stacks.packaging.files_of", Mock(side_effect=AssertionError))
    # then
    assert _packaged(project, "greet", tmp_path) == built
    # when any source changes
    (project / "lambdas" / "part" / "handler.py").write_text("")
    with pytest.raises(AssertionError):
        _packaged(project, "greet", tmp_path)


def test_a_source_that_is_saved_before_it_is_read_is_not_taken_for_the_one_before(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    words = project / "lambdas" / "greet" / "words.py"
    before = words.read_text()

    def save(folder: str, **where: Path) -> dict[str, Path]:
        words.write_text("WORD = 'good day'\n")
        monkeypatch.undo()
        return files_of(folder, **where)

    monkeypatch.setattr(packaging, "files_of", save)
    built = _packaged(project, "greet", tmp_path)
    # when
    words.write_text(before)
    # then
    assert _packaged(project, "greet", tmp_path) != built


def test_a_source_that_is_saved_meanwhile_is_looked_into_the_next_time(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: it is saved once it was read
    words = project / "lambdas" / "greet" / "words.py"

    def save(target: Path, contents: Mapping[str, bytes]) -> None:
        words.write_text("WORD = 'good day'\n")
        monkeypatch.undo()
        packaging._write_zip(target, contents)

    monkeypatch.setattr(packaging, "_write_zip", save)
    # when
    before, after = (_packaged(project, "greet", tmp_path) for _ in range(2))
    # then
    assert before != after
    words.write_text("WORD = 'hello'\n")
    assert _packaged(project, "greet", tmp_path) == before


def test_a_package_that_is_gone_is_built_again(project: Path, tmp_path: Path) -> None:
    built = _packaged(project, "greet", tmp_path)
    (package,) = (project / "build/functions/arm64").glob("greet-*.zip")
    package.unlink()
    assert _packaged(project, "greet", tmp_path) == built


def test_processes_that_package_a_function_at_once_do_so_in_turn(
    project: Path, tmp_path: Path
) -> None:
    # given: each package of other sources removes the one before
    words = project / "lambdas" / "greet" / "words.py"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PACKAGE_OFTEN, project, tmp_path / str(process), words],
            cwd=PROJECT,
            stderr=subprocess.PIPE,
            text=True,
        )
        for process in range(4)
    ]
    # when
    traces = [process.communicate()[1] for process in processes]
    # then
    assert [process.returncode for process in processes] == [0] * len(processes), traces


def test_another_builder_builds_anew(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _packaged(project, "greet", tmp_path)
    monkeypatch.setattr("stacks.packaging._BUILDER", b"another")
    monkeypatch.setattr("stacks.packaging.files_of", Mock(side_effect=AssertionError))
    with pytest.raises(AssertionError):
        _packaged(project, "greet", tmp_path)


# ------------------------------------------------------------------ what is followed


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with two functions and three installed requirements."""
    project = tmp_path / "project"
    _write(
        project / "lambdas",
        {
            "greet/__init__.py": "",
            "greet/handler.py": (
                "import json\n"
                "from typing import TYPE_CHECKING\n"
                "import boto3\n"
                "from greet.words import WORD\n"
                "from shared import used\n"
                "if TYPE_CHECKING:\n"
                "    import only_for_types\n"
            ),
            "greet/words.py": "WORD = 'hello'\n",
            "greet/unused.py": "",
            "part/handler.py": "def handler():\n    from shared.late import late\n",
            "shared/__init__.py": "",
            "shared/used.py": "from . import deeper\nimport big_library.parts\n",
            "shared/deeper.py": "from .late import late\n",
            "shared/late.py": "late = 1\n",
            "shared/unused.py": "import not_installed\n",
        },
    )
    _write(project / "requirements", {"lambda.txt": "big-library==1.0\n"})
    pinned = hashlib.sha256((project / "requirements/lambda.txt").read_bytes()).hexdigest()[:16]
    installed = project / "build" / "packages" / f"arm64-{pinned}"
    _install(
        installed,
        "Big_Library",
        ["big_library/__init__.py", "big_library/parts.py", "big_library/tests/test_parts.py"],
        requires=[
            "small.library>=1",
            "boto3",
            "only-on-windows; sys_platform == 'win32'",
            "only-with-extra; extra == 'more'",
        ],
    )
    _install(installed, "small-library", ["small_library.py", "../../bin/small"])
    _install(installed, "another-library", ["another_library.py"])
    return project


def test_imports_are_followed_and_nothing_else(project: Path) -> None:
    files = files_of("greet", source_root=project / "lambdas", installed=_installed(project))
    assert set(files) == {
        "big_library/__init__.pyc",
        "big_library/parts.pyc",
        "Big_Library-1.0.dist-info/METADATA",
        *with_bytecode("greet", "__init__", "handler", "words"),
        *with_bytecode("shared", "__init__", "deeper", "late", "used"),
        "small_library.pyc",
        "small-library-1.0.dist-info/METADATA",
    }


def with_bytecode(folder: str, *modules: str) -> Iterator[str]:
    for module in modules:
        yield f"{folder}/{module}.py"
        yield f"{folder}/__pycache__/{module}.cpython-313.pyc"


def test_imports_inside_functions_are_followed(project: Path) -> None:
    files = files_of("part", source_root=project / "lambdas", installed=_installed(project))
    assert set(files) == {
        *with_bytecode("part", "handler"),
        *with_bytecode("shared", "__init__", "late"),
    }


def test_a_collection_is_followed_import_by_import(project: Path) -> None:
    # given
    _install(
        _installed(project),
        "aws-lambda-powertools",
        {
            "aws_lambda_powertools/__init__.py": "from .logging import logger\n",
            "aws_lambda_powertools/logging/__init__.py": "",
            "aws_lambda_powertools/logging/logger.py": (
                "def late():\n    from aws_lambda_powertools.shared import words\n"
            ),
            "aws_lambda_powertools/shared/__init__.py": "",
            "aws_lambda_powertools/shared/words.py": "import another_library\n",
            "aws_lambda_powertools/event_handler/__init__.py": "",
            "aws_lambda_powertools/event_handler/swagger.js": "",
        },
    )
    (project / "lambdas/part/handler.py").write_text("from aws_lambda_powertools import Logger\n")
    # when
    files = files_of("part", source_root=project / "lambdas", installed=_installed(project))
    # then
    assert {name for name in files if not name.startswith("part")} == {
        "aws_lambda_powertools/__init__.pyc",
        "aws_lambda_powertools/logging/__init__.pyc",
        "aws_lambda_powertools/logging/logger.pyc",
        "aws_lambda_powertools/shared/__init__.pyc",
        "aws_lambda_powertools/shared/words.pyc",
        "aws-lambda-powertools-1.0.dist-info/METADATA",
    }


def test_bytecode_tells_where_the_module_is_on_lambda(project: Path, tmp_path: Path) -> None:
    package = zipfile.ZipFile(
        package_function("greet", Architecture.ARM64, tmp_path, project=project).path
    )
    for name, source in (
        ("big_library/parts.pyc", "/var/task/big_library/parts.py"),
        ("greet/__pycache__/words.cpython-313.pyc", "/var/task/greet/words.py"),
    ):
        code = marshal.loads(package.read(name)[16:])  # noqa: S302 - our own
        assert code.co_filename == source


def test_bytecode_is_the_same_whatever_this_process_has_run_before() -> None:
    # given: the name of a class within a function is a constant, too
    source = b"def make():\n    class Made: ...\n    return Made\n"
    before = bytecode(source, "made.pyc")
    # when
    names: dict[str, Any] = {}
    exec(source, names)  # noqa: S102 - our own
    made = names["make"]()
    bytecode.cache_clear()
    # then
    assert made.__qualname__ == "make.<locals>.Made"
    assert bytecode(source, "made.pyc") == before


def test_packages_are_built_with_the_functions_python_only(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.version_info", (3, 14, 0))
    with pytest.raises(PackagingError, match=r"Python 3\.13"):
        package_function("greet", Architecture.ARM64, tmp_path, project=project)


def test_an_import_that_nothing_provides_is_named(project: Path) -> None:
    (project / "lambdas" / "part" / "handler.py").write_text("import missing_library\n")
    with pytest.raises(
        PackagingError,
        match=r"part imports missing_library, which nothing in requirements/lambda.txt provides",
    ):
        files_of("part", source_root=project / "lambdas", installed=_installed(project))


def test_a_requirement_that_is_not_installed_is_named(project: Path) -> None:
    shutil.rmtree(_installed(project) / "small-library-1.0.dist-info")
    with pytest.raises(PackagingError, match="greet needs small-library"):
        files_of("greet", source_root=project / "lambdas", installed=_installed(project))


def test_a_function_that_does_not_exist_is_named(project: Path) -> None:
    with pytest.raises(PackagingError, match=r"there is no function shout\.handler"):
        files_of("shout", source_root=project / "lambdas", installed=_installed(project))


def test_without_uv_one_is_told_how_to_get_it(project: Path, tmp_path: Path) -> None:
    with pytest.raises(PackagingError, match="make setup"):
        package_function("greet", Architecture.X86_64, tmp_path, project=project)


def _packaged(project: Path, function: str, folder: Path) -> bytes:
    package = package_function(function, Architecture.ARM64, folder / "out", project=project)
    return package.path.read_bytes()


def _installed(project: Path) -> Path:
    (installed,) = (project / "build" / "packages").iterdir()
    return installed


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _install(
    folder: Path,
    name: str,
    files: list[str] | dict[str, str],
    requires: list[str] | None = None,
) -> None:
    """Write what an installer leaves behind: files, empty or with their texts."""
    texts = files if isinstance(files, dict) else dict.fromkeys(files, "")
    information = f"{name}-1.0.dist-info"
    metadata = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0"]
    metadata += [f"Requires-Dist: {requirement}" for requirement in requires or []]
    record = [*files, f"{information}/METADATA", f"{information}/RECORD"]
    _write(
        folder,
        {
            **{file: text for file, text in texts.items() if not file.startswith("..")},
            f"{information}/METADATA": "\n".join(metadata) + "\n",
            f"{information}/RECORD": "".join(f"{file},,\n" for file in record),
        },
    )
