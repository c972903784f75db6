"""Dated events: what a file becomes, and that every fault is told with its place."""

from datetime import date

import pytest

from monitor.errors import FaultyFileError
from monitor.eventfile import read_events
from monitor.instruments import Catalogue
from monitor.packs import load_events
from tests.support.made_up import CATALOGUE

TEXT = """\
events:
  - {date: 2025-11-07, title: later, instruments: [silver], tags: [list], source: a notice}
  - date: 2025-10-20
    title: earlier
    instruments: [metals, silver, mp]
  - {date: 2025-12-01, title: of all}
"""


def test_events_come_in_the_order_of_their_dates_with_groups_as_their_members() -> None:
    earlier, later, of_all = read_events(TEXT, file="e.yml", catalogue=CATALOGUE)

    assert (earlier.date, earlier.title, earlier.instruments) == (
        date(2025, 10, 20),
        "earlier",
        ("gold", "silver", "mp"),
    )
    assert (later.tags, later.source, str(later.place)) == (("list",), "a notice", "e.yml:2:5")
    assert of_all.touches("lyc")
    assert not later.touches("gold")


def test_all_faults_of_a_file_are_told_at_once() -> None:
    text = "events:\n  - {date: 2025-13-01, title: '', instruments: [sliver]}\n  - {when: 2025-10-20, title: t}\n"
    with pytest.raises(FaultyFileError) as caught:
        read_events(text, file="e.yml", catalogue=CATALOGUE)

    told = "\n".join(map(str, caught.value.faults))
    assert "e.yml:2:12: \"date\": expected a date such as 2025-10-20; got '2025-13-01'" in told
    assert 'e.yml:2:31: "title"' in told
    assert 'e.yml:2:49: unknown instrument or group "sliver"; did you mean "silver"?' in told
    assert 'e.yml:3:6: unknown key "when"' in told
    assert 'the key "date" is missing' in told


@pytest.mark.parametrize("text", ["", "- 1\n", "events: []\n", "events: 3\n"])
def test_a_file_without_events_is_a_fault(text: str) -> None:
    with pytest.raises(FaultyFileError):
        read_events(text, file="e.yml", catalogue=CATALOGUE)


def test_the_events_that_ship_have_no_faults_and_name_their_sources(catalogue: Catalogue) -> None:
    events = load_events(catalogue)

    assert len(events) > 10
    assert all(event.source.strip() and event.instruments and event.tags for event in events)
