"""Routes, silences and acknowledgements as a user types them, on the sample market."""

import json
from pathlib import Path

import pytest

from tests.support.process import Home

CRASH = "2020-03-13T20:00-04:00"
SETTINGS = """\
database: mw.db
packs: [precious, shocks]
prices: {source: sample}
channels: {console: console, other: console}
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "metalwatch.yml").write_text(SETTINGS, encoding="utf-8")
    return Home(
        tmp_path, {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "USER": "ann", "METALWATCH_CLOCK": CRASH}
    )


def routed(home: Home, routes: str) -> None:
    (home.folder / "metalwatch.yml").write_text(SETTINGS + routes, encoding="utf-8")


def test_a_route_that_nothing_reaches_is_a_fault_with_its_place(home: Home) -> None:
    routed(
        home,
        "routes:\n  - {match: {pack: shocks}, channels: [console]}\n"
        "  - {match: {rule: silver-crash}, channels: [other]}\n  - {channels: [console]}\n",
    )
    told = home.command("check")

    assert told.returncode == 2
    assert "metalwatch.yml:7:5: nothing ever takes this route" in told.stderr


def test_an_unknown_channel_and_a_missing_last_route_are_faults_at_once(home: Home) -> None:
    routed(home, "routes:\n  - {match: {pack: shocks}, channels: [consol]}\nnotices: [othr]\n")
    told = home.command("check")

    assert told.returncode == 2
    assert 'unknown channel "consol"; did you mean "console"?' in told.stderr
    assert 'metalwatch.yml:7:10: unknown channel "othr"; did you mean "other"?' in told.stderr
    assert "the last route does not take everything" in told.stderr


def test_alerts_lists_what_was_told_where_and_accounts_for_all_of_it(home: Home) -> None:
    routed(home, "routes:\n  - {match: {severity: critical}, channels: [other]}\n  - {channels: [console]}\n")
    home.command("once", "--clock", "2020-03-10T20:00-04:00")
    home.command("once")
    told = json.loads(home.command("alerts", "--json", "--limit", "100").stdout)

    assert told["account"]["lost"] == []
    assert set(told["account"]["told"]) == {"console", "other"}
    critical = [one for one in told["alerts"] if one["level"] == "critical" and one["refs"]]
    assert critical
    assert all("other " in one["fate"] for one in critical)


def test_alerts_are_chosen_by_rule_pack_instrument_severity_kind_and_span(home: Home) -> None:
    home.command("once", "--clock", "2020-03-10T20:00-04:00")
    home.command("once")

    def chosen(*filters: str) -> list[dict[str, str]]:
        told = home.command("alerts", "--json", "--limit", "100", *filters)
        assert told.returncode == 0, told.stderr
        return json.loads(told.stdout)["alerts"]  # type: ignore[no-any-return]

    every = chosen()
    assert {one["rule"] for one in chosen("silver-*", "--kind", "open")} == {
        one["rule"] for one in every if one["kind"] == "open" and "/silver-" in one["rule"]
    }
    assert {one["rule"].partition("/")[0] for one in chosen("--pack", "shocks")} == {"shocks"}
    assert {one["rule"] for one in chosen("--instrument", "copper")}.isdisjoint(
        one["rule"] for one in chosen("--instrument", "gold", "--pack", "precious")
    )
    assert {one["level"] for one in chosen("--severity", "critical")} == {"critical"}
    early = chosen("--until", "2020-03-12")
    assert {one["session"] for one in early} | {
        one["session"] for one in chosen("--since", "2020-03-13")
    } == {one["session"] for one in every}
    wrong = home.command("alerts", "--kind", "opened", "--json")
    assert wrong.returncode == 2
    assert "--kind: expected one of escalate, live, open, " in wrong.stderr


def test_a_silence_shows_what_it_would_have_hidden_hides_and_can_be_ended(home: Home) -> None:
    home.command("once", "--clock", "2020-03-10T20:00-04:00")
    preview = home.command("silence", "add", "silver-*", "--reason", "noise", "--days", "9", "--dry-run")
    added = home.command(
        "silence", "add", "silver-*", "--reason", "noise", "--days", "9", "--clock", "2020-03-11T08:00-04:00"
    )
    home.command("once")
    listed = json.loads(home.command("silence", "list", "--json").stdout)["silences"]
    ended = home.command("silence", "end", "1")
    every = home.command("silence", "add", "*", "--reason", "noise", "--days", "9", "--dry-run")
    none = home.command("silence", "add", "silver-spike", "--reason", "noise", "--days", "9", "--dry-run")

    assert "In the last year it would have hidden 1 of 4 alerts:" in preview.stdout
    assert "it would have hidden 7 of 7 alerts, the last 5 of them:" in every.stdout
    assert "it would have hidden 0 of 7 alerts." in none.stdout
    assert "silence 1: 3 rules, until 2020-03-20" in added.stdout
    (one,) = listed
    assert (one["author"], one["reason"], one["ended"]) == ("ann", "noise", False)
    assert one["hidden"] > 0
    assert "silence 1 is over" in ended.stdout
    assert home.command("silence", "end", "1", "--clock", "2020-03-14T08:00-04:00").returncode == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gsr-*", "--reason", "x"], "a silence needs one end"),
        (["gsr-*", "--reason", "x", "--days", "1", "--until-resolved"], "a silence needs one end"),
        (["--reason", "x", "--days", "1"], "a silence of everything hides what you watch for"),
        (["--label", "metals", "--reason", "x", "--days", "1"], "--label: expected NAME=VALUE; got metals"),
        (["nothing-*", "--reason", "x", "--days", "1"], "no rule in force is meant"),
        (["gsr-*", "--reason", "x", "--until", "2020-01-01"], "is over already"),
        (["gsr-*", "--reason", "x", "--days", "inf"], "--days: expected at most 3,650; got inf"),
        (["gsr-*", "--reason", "x", "--days", "1e12"], "--days: expected at most 3,650; got 1e+12"),
        (["gsr-*", "--reason", "", "--days", "1"], "--reason: expected why it is silenced"),
        (["gsr-*", "--reason", "  ", "--days", "1"], "--reason: expected why it is silenced"),
        (
            ["gsr-*", "--reason", "x", "--days", "1", "--severity", "loud"],
            "expected info, warning or critical",
        ),
    ],
)
def test_a_silence_without_an_end_or_a_meaning_is_refused(
    home: Home, arguments: list[str], said: str
) -> None:
    told = home.command("silence", "add", *arguments)

    assert told.returncode == 2
    assert said in told.stderr


def test_an_open_alert_is_acknowledged_by_its_rule_or_by_the_ref_of_its_message(home: Home) -> None:
    home.command("once")
    refs = [
        one["refs"][0] for one in json.loads(home.command("alerts", "--json").stdout)["alerts"] if one["refs"]
    ]
    by_ref = home.command("ack", refs[0], "--note", "sold")
    nothing = home.command("ack", "gsr-nothing")

    assert by_ref.returncode == 0, by_ref.stderr
    assert "acknowledged: " in by_ref.stdout
    assert nothing.returncode == 2


def test_check_tries_templates_with_every_kind_of_message_and_tells_all_faults_with_their_places(
    home: Home,
) -> None:
    folder = home.folder / "words"
    folder.mkdir()
    (folder / "message.text.j2").write_text("{{ title }}\n{{ titel }}", encoding="utf-8")
    (folder / "message.mail.j2").write_text("{% for one in alerts %}{{ one.words }}", encoding="utf-8")
    routed(home, "templates: words\n")
    told = home.command("check")

    assert told.returncode == 2
    assert "words/message.text.j2:2:1: 'titel' is undefined" in told.stderr
    assert "words/message.mail.j2:1:1: " in told.stderr

    (folder / "message.chat.j2").write_text("x", encoding="utf-8")
    named = home.command("check")
    assert named.returncode == 2
    assert "expected files called message.text.j2" in named.stderr
    assert "got message.chat.j2" in named.stderr


def test_one_cycle_says_what_waits_for_the_end_of_quiet_hours_and_a_later_one_sends_it(home: Home) -> None:
    quiet = "{from: '22:00', to: '07:00', zone: America/New_York, except: none}"
    channels = f"channels:\n  console: {{url: console, quiet_hours: {quiet}}}\n"
    (home.folder / "metalwatch.yml").write_text(
        "database: mw.db\npacks: [precious]\nprices: {source: sample}\n" + channels, encoding="utf-8"
    )
    at_night = home.command("once", "--clock", "2020-03-13T23:00-04:00").stdout
    at_night_again = home.command("once", "--clock", "2020-03-14T23:00-04:00").stdout
    by_day = home.command("once", "--clock", "2020-03-15T09:00-04:00").stdout

    waits = 'channel "console": 1 message waits until 2020-03-14 11:00 UTC'
    assert f"{waits}; `metalwatch once` sends it then, or `metalwatch run`." in at_night
    assert "0 messages sent." in at_night_again
    assert 'channel "console": 1 message waits until 2020-03-15 11:00 UTC' in at_night_again
    assert "1 message sent." in by_day
    assert "waits" not in by_day.replace("waits for", "")
