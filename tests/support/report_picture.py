"""Draw `.github/report.svg`, a chart of a report in the README, from the sample market.

Run it when the report's charts change: `.venv/bin/python -m tests.support.report_picture`.  A test compares.
"""

from pathlib import Path

from monitor.backtest import report_of, run
from monitor.backtest.page.pictures import Painter
from monitor.charts import svg, timeline_chart
from monitor.packs import load_catalogue, load_rulebook
from monitor.prices.sample import SampleSource, sample_bars
from monitor.routing import everything

PICTURE = Path(__file__).parents[2] / ".github" / "report.svg"
RULE = "precious/gsr-low"
WIDTH = 880


def draw() -> str:
    """One rule as `metalwatch backtest precious --html` draws it, on white, with its verdict and where prices are from."""
    catalogue = load_catalogue()
    bars, source = sample_bars(), SampleSource().label
    done = run(load_rulebook(["precious"], folder=Path(), catalogue=catalogue), bars)
    report = report_of(done, bars, source=source, sources={}, routing=everything(["console"]), command="")
    verdict = next(one.verdict for one in report.measured.rules if one.rule == RULE)
    shown = Painter(report, {}).timeline(done.track(RULE, None))
    assert shown is not None
    spec = timeline_chart(shown, width=WIDTH)
    title = {
        "text": f"{RULE} over the {source}",
        "subtitle": verdict,
        "anchor": "start",
        "fontSize": 15,
        "offset": 14,
    }
    return svg({**spec, "title": title, "config": {**spec["config"], "background": "white", "padding": 12}})


if __name__ == "__main__":
    PICTURE.write_text(draw() + "\n", encoding="utf-8")
