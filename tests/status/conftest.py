"""A database with something to see: the sample market in March 2020, alerts open, one message given up, one owed,
a silence, an acknowledgement, series that never came; and the application over it.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from monitor.cycle import run_cycle
from monitor.gather import Context
from monitor.packs import load_rulebook, rule_texts
from monitor.prices.sample import SampleSource
from monitor.routing import Match, everything
from monitor.silences import Acknowledged
from monitor.status.app import make_app
from monitor.status.histories import Histories
from monitor.status.site import Site
from monitor.storage.records import GivenUp, Owed
from monitor.storage.store import Store, open_reader, open_store
from monitor.vitals import Judging, leave

OWN = """\
pack: own
about: Gaps.
rules:
  gap:
    for_each: uranium
    when: gap(it) >= 20%
    severity: info
    note: Only one of them is on the sample market.
"""
PACKS = ("precious", "own.yml")
FIRST = datetime(2020, 3, 12, 22, tzinfo=UTC)
NOW = FIRST + timedelta(days=1, minutes=5)
JUDGING = Judging(up_to_date=True, looked_at=None, every=timedelta(minutes=15))
HOME = "http://127.0.0.1:8480"
SECRET = "geheim-token-4711"
PLANTED = f"no answer from https://hooks.example/{SECRET}: /srv/someone/secrets/mail: no such file"
TOKEN = "a token that nobody guesses"


def context_of(store: Store, folder: Path) -> Context:
    (folder / "own.yml").write_text(OWN)
    rulebook = load_rulebook(PACKS, folder=folder)
    return Context(
        store=store, source=SampleSource(), rulebook=rulebook, routing=everything(["console", "phone"])
    )


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("watched") / "watched.db"
    with closing(open_store(str(file))) as store:
        context = context_of(store, file.parent)
        run_cycle(context, now=FIRST)
        store.add_silence(
            Match(rule=("precious/gsr-stress",)),
            reason="<b>holiday</b>",
            author="ann",
            since=FIRST,
            until=NOW + timedelta(days=9),
        )
        store.acknowledge(
            Acknowledged(
                rule="precious/gsr-high", instance=None, episode=1, author="ann", note="seen", at=FIRST
            )
        )
        _deliver(store)
        run_cycle(context, now=FIRST + timedelta(days=1))
        leave(store, JUDGING, now=NOW - timedelta(minutes=1))
    return file


def _deliver(store: Store) -> None:
    """What the console takes, and a phone that does not: one message is given up, the others are owed."""
    lease, later = timedelta(minutes=1), FIRST + timedelta(minutes=1)
    while (row := store.claim(now=later, lease=lease, channel="console")) is not None:
        store.settle_sent(row, now=later)
    dead = store.claim(now=later, lease=lease, channel="phone")
    assert dead is not None
    store.settle_given_up(dead, GivenUp(end=Owed.DEAD, error=PLANTED), now=later)


@pytest.fixture(scope="session")
def reader(database: Path) -> Iterator[Store]:
    with closing(open_reader(str(database))) as opened:
        yield opened


@pytest.fixture(scope="session")
def site(reader: Store, database: Path) -> Iterator[Site]:
    context = context_of(reader, database.parent)
    histories = Histories(wait=60)
    yield Site(
        context=lambda: context,
        texts=lambda: rule_texts(PACKS, folder=database.parent),
        now=lambda: NOW,
        prices=context.source.label,
        clock="set clock, from 2020-03-12 22:00 UTC",
        histories=histories,
    )
    histories.close()


@pytest.fixture(scope="session")
def ask(site: Site) -> TestClient:
    """Somebody on this machine."""
    return TestClient(make_app(site), base_url=HOME, follow_redirects=False)


@pytest.fixture(scope="session")
def guarded(site: Site) -> ASGIApp:
    """The same application for those who know a token."""
    return make_app(replace(site, token=TOKEN))


@pytest.fixture
def stranger(guarded: ASGIApp) -> Callable[..., TestClient]:
    """Somebody from elsewhere, with or without a header of their own."""

    def made(**headers: str) -> TestClient:
        return TestClient(guarded, base_url="http://metals.example", follow_redirects=False, headers=headers)

    return made
