"""Made-up contents of messages: one that is as full as it gets, and any that hypothesis thinks of."""

from dataclasses import replace
from datetime import date

from hypothesis import strategies as st

from monitor.alerts import Kind, Severity
from monitor.messages.content import Alert, Content, Item, Rank
from monitor.messages.samples import samples

FULL = next(iter(samples()))
"""One open, with an item of every rank."""

SPOKEN = st.text(alphabet="ab <>&*_`~#[]|\\!%é-+=1.;", min_size=1, max_size=60).map(str.strip).filter(bool)
"""Words with every mark that some form would take for its own."""


def _item(rank: Rank) -> st.SearchStrategy[Item]:
    label = st.just("") if rank in (Rank.WORDS, Rank.NOTE) else SPOKEN
    return st.builds(Item, st.just(rank), label, SPOKEN)


ITEMS = st.lists(st.sampled_from(Rank).flatmap(_item), max_size=6).map(
    lambda items: tuple(sorted(items, key=lambda item: item.rank))
)
ALERTS = st.builds(
    Alert,
    headline=SPOKEN,
    kind=st.sampled_from(Kind),
    severity=st.sampled_from(Severity),
    rule=st.just("p/r"),
    instrument=st.none(),
    session=st.just(date(2026, 1, 30)),
    items=ITEMS,
)


@st.composite
def contents(draw: st.DrawFn) -> Content:
    """A message of one to four alerts."""
    listed = draw(st.booleans())
    alerts = draw(st.lists(ALERTS, min_size=1, max_size=4))
    kept = tuple(replace(alert, items=() if listed else alert.items) for alert in alerts)
    return Content(title=kept[0].headline, alerts=kept, source="files", ref="9e3c7fd2", listed=listed)
