"""The shape of the code: arrows, sizes, and nothing that belongs to one machine."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "monitor").rglob("*.py"))
LEFT_BEHIND = re.compile(r"\.git|\.venv|\.hypothesis|\.\w+_cache|build|dist")

FILE_LINES = 320
FUNCTION_LINES = 45
NESTING = 3

Function = ast.FunctionDef | ast.AsyncFunctionDef
BLOCKS = (ast.For, ast.AsyncFor, ast.While, ast.If, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)


def test_arrows_point_down_only_and_each_library_has_its_place() -> None:
    # A process of its own: the linter switches off the loggers of whoever calls it.
    command = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True, no_logo=True))"
    done = subprocess.run(
        [sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout


def test_files_are_short_enough_to_read_at_once() -> None:
    lengths = {path: path.read_text().count("\n") for path in SOURCES}

    too_long = [f"{_name(path)}: {lines} lines" for path, lines in lengths.items() if lines > FILE_LINES]

    assert not too_long, _listed(f"more than {FILE_LINES} lines; where is the better cut?", too_long)


def test_functions_are_short_enough_to_read_at_once() -> None:
    too_long = [
        f"{_name(path)}:{function.lineno} {function.name}: {lines} lines"
        for path, function in _functions()
        if (lines := (function.end_lineno or 0) - function.body[0].lineno + 1) > FUNCTION_LINES
    ]

    assert not too_long, _listed(f"more than {FUNCTION_LINES} lines; which step has a name?", too_long)


def test_no_block_stands_more_than_three_deep() -> None:
    too_deep = [
        f"{_name(path)}:{function.lineno} {function.name}: {depth} deep"
        for path, function in _functions()
        if (depth := _depth(function)) > NESTING
    ]

    assert not too_deep, _listed(f"nested more than {NESTING} deep; guard clauses first", too_deep)


def test_no_file_names_a_path_of_one_machine() -> None:
    own = re.compile(r"(?<![\w.])/(?:home|root|work|Users)/\S*")

    found = [f"{_name(path)}: {match[0]}" for path, text in _texts() for match in own.finditer(text)]

    assert not found, _listed("paths that exist on one machine only", found)


def test_no_file_names_a_package_registry() -> None:
    registry = re.compile(r"(?:pypi|pythonhosted)\.org|--(?:(?:extra-)?index-url|find-links)")

    found = [f"{_name(path)}: {match[0]}" for path, text in _texts() for match in registry.finditer(text)]
    found += [
        f"{path.name}: {line}"
        for path in ROOT.glob("requirements*.lock")
        for line in path.read_text().splitlines()
        if not re.match(r"#|[a-z0-9-]+==|    --hash=sha256:", line)
    ]

    assert not found, _listed("where packages come from is the business of who installs them", found)


@cache
def _functions() -> list[tuple[Path, Function]]:
    return [
        (path, node)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, Function)
    ]


def _depth(node: ast.AST) -> int:
    """How many blocks stand inside one another; `elif` continues its `if`, an inner function starts anew."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function | ast.ClassDef | ast.Lambda):
            continue
        goes_on = isinstance(node, ast.If) and node.orelse == [child] and isinstance(child, ast.If)
        deepest = max(deepest, _depth(child) + (isinstance(child, BLOCKS) and not goes_on))
    return deepest


def _texts() -> Iterator[tuple[Path, str]]:
    """Every text file of the project, without what tools leave behind."""
    for top in sorted(ROOT.iterdir()):
        if LEFT_BEHIND.fullmatch(top.name):
            continue
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and "__pycache__" not in path.parts:
                with suppress(UnicodeDecodeError):
                    yield path, path.read_text(encoding="utf-8")


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _listed(what: str, offenders: list[str]) -> str:
    return "\n  ".join([f"{what}:", *offenders])
