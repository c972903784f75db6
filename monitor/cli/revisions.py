"""Packs as files, as folders, as packs that ship, and as they stand in a git revision."""

import subprocess
from pathlib import Path, PurePosixPath

from monitor.errors import UsageError


def pack_texts(name: str, *, revision: str | None = None) -> dict[str, str]:
    """The texts of a pack or folder by file; `REVISION:PATH`, or a path and a revision, asks git."""
    from monitor.packs import find_packs, read_text, shipped_packs, shown_path

    if revision is not None:
        return _committed(revision, f"./{name}" if not name.startswith(("/", "./")) else name)
    before, colon, path = name.partition(":")
    if colon and not Path(name).exists() and name not in shipped_packs():
        return _committed(before or "HEAD", path)
    return {shown_path(file): read_text(file) for file in find_packs([name], folder=Path())}


def _committed(revision: str, path: str) -> dict[str, str]:
    from monitor.packs import NOT_PACKS

    if not path or revision.startswith("-"):
        raise UsageError(
            f'"{revision}:{path}" names no file: write REVISION:PATH, such as HEAD~3:rules/own.yml'
        )
    if _git("cat-file", "-t", f"{revision}:{path}").strip() != "tree":
        return {f"{revision}:{path}": _git("show", f"{revision}:{path}")}
    listed = _git("ls-tree", "--name-only", f"{revision}:{path}").splitlines()
    packs = [
        file
        for file in listed
        if file.endswith((".yml", ".yaml"))
        and file not in NOT_PACKS
        and not PurePosixPath(file).stem.endswith(".test")
    ]
    if not packs:
        raise UsageError(f"{revision}:{path}: no pack in this folder")
    folder = path.rstrip("/")
    return {
        f"{revision}:{folder}/{file}": _git("show", f"{revision}:{folder}/{file}") for file in sorted(packs)
    }


def _git(*arguments: str) -> str:
    """What git answers; UsageError in its own words."""
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and a revision never begins with a dash
            ["git", *arguments],  # noqa: S607 - the user's own git
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise UsageError("git is not installed, so that a revision cannot be read; name two files") from None
    if done.returncode:
        told = done.stderr.decode(errors="replace").strip().splitlines()
        raise UsageError(f"git: {told[0].removeprefix('fatal: ') if told else 'no answer'}")
    try:
        return done.stdout.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{arguments[-1]}: no UTF-8 text") from None
