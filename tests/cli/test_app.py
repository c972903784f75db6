"""The command line: of one command as of all."""

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from monitor.cli.app import COMMANDS, GROUPS, app_of

WORDS = [*(word for words in COMMANDS.values() for word in words), *GROUPS]


def words_of(first: str | None = None) -> list[str]:
    """The commands that the command line has where this is its first word."""
    found: dict[str, object] = vars(get_command(app_of(first)))["commands"]
    return list(found)


def test_each_file_has_the_commands_that_it_is_loaded_for() -> None:
    assert words_of() == WORDS
    for words in (*COMMANDS.values(), *((group,) for group in GROUPS)):
        for word in words:
            assert words_of(word) == list(words)


@pytest.mark.parametrize("word", WORDS)
def test_a_command_has_the_same_help_alone(word: str) -> None:
    alone, beside = (CliRunner().invoke(app, [word, "--help"]) for app in (app_of(word), app_of()))

    assert (alone.exit_code, alone.output) == (beside.exit_code, beside.output)


@pytest.mark.parametrize("word", [None, "--help", "--version", "no-such-command", "backtests"])
def test_any_other_word_is_answered_by_all_commands(word: str | None) -> None:
    assert words_of(word) == WORDS
