"""How many messages a year each shipped pack sends on real prices, before and after policy.

`.venv/bin/python -m tests.benchmarks.messages_a_year FOLDER` prints a table: transitions that people can hear of, those
that policy sends, and the messages that carry them, one for each session, over the time in which rules had answers.  A
backtest knows no silences and no routes.
"""

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from monitor.alerts import Kind
from monitor.backtest import Backtest, run
from monitor.backtest.attention import attention
from monitor.backtest.run import DAYS_A_YEAR, span
from monitor.errors import MonitorError
from monitor.instruments import read_catalogue
from monitor.packs import load_rulebook, shipped_packs
from monitor.policy import SILENT_KIND, Decided
from monitor.prices.files import read_prices
from monitor.routing import everything

ROOT = Path(__file__).parents[2]


def of_pack(name: str, folder: Path) -> str:
    """The line of one pack."""
    catalogue = read_catalogue((ROOT / "rules/instruments.yml").read_text(), file="instruments.yml")
    rulebook = load_rulebook([name], folder=ROOT, catalogue=catalogue)
    done = run(rulebook, read_prices(folder, catalogue).frame)
    first, last = span(done.tracks)
    judged = sum(len(track.sessions) > 0 for track in done.tracks)
    if first is None or last is None:
        return f"{name:18} {judged:2} of {len(done.tracks):2} rules judged"
    years = (last - first).days / DAYS_A_YEAR
    heard = [one for one in done.decided if one.cause != SILENT_KIND]
    sent = [one for one in heard if one.sent]
    opens = [one for one in heard if one.transition.kind is Kind.OPEN]
    (load,) = attention(done, everything(["all"])).channels
    messages = Counter(one.transition.session for one in sent)
    busiest = Counter(session.year for session in messages).most_common(1)
    told = f"{busiest[0][1]} in {busiest[0][0]}" if busiest else "-"
    return (
        f"{name:18} {judged:2} of {len(done.tracks):2}  {years:5.1f}  {_a_year(opens, done):8.2f}  "
        f"{_a_year(heard, done):8.2f}  {_a_year(sent, done):8.2f}  {load.a_month * 12:8.2f}  {told}"
    )


def _a_year(alerts: Iterable[Decided], done: Backtest) -> float:
    return sum(DAYS_A_YEAR / done.days[one.transition.rule, one.transition.instance] for one in alerts)


def main(folder: Path) -> None:
    sys.stdout.write(
        f"{'pack':18} {'rules':8}  {'years':>5}  {'opens':>8}  {'before':>8}  {'after':>8}  {'messages':>8}  most\n"
    )
    for name in shipped_packs():
        try:
            sys.stdout.write(of_pack(name, folder) + "\n")
        except MonitorError as error:
            sys.stdout.write(f"{name:18} {error}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
