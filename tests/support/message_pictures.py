"""Draw `.github/messages.png`, the picture of messages in the README, from what channels really get.

The sample market is judged as a daemon would; the mail goes through apprise and a real mail server on the loopback
address, and its HTML is what is drawn.  Slack's own page is imitated, Markdown is rendered as CommonMark with line breaks.
Needs Chromium: `.venv/bin/python -m tests.support.message_pictures`.
"""

import base64
import re
import subprocess
import sys
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from markdown_it import MarkdownIt

from monitor.cycle import run_cycle
from monitor.delivery.channel import Channel, apprise_channel
from monitor.delivery.outbox import deliver_due
from monitor.gather import Context
from monitor.instruments import read_catalogue
from monitor.messages import style_of
from monitor.packs import load_rulebook
from monitor.prices.sample import SampleSource
from monitor.proving import keep_evidence
from monitor.routing import everything
from monitor.storage.records import OutboxRow
from monitor.storage.store import Store, open_store
from tests.support.receivers import mail_receiver

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / ".github" / "messages.png"
BEFORE = datetime(2025, 4, 3, 22, tzinfo=UTC)
AFTER = datetime(2025, 4, 4, 22, 25, tzinfo=UTC)
STYLES = {
    "mail": style_of("mailto"),
    "slack": style_of("slack bot"),
    "markdown": style_of("discord"),
    "text": style_of("ntfy"),
    "sms": style_of("twilio"),
}
LOOK = """
body { margin: 0; padding: 24px; background: #eceff3; font: 15px/1.45 "Liberation Sans", Arial, sans-serif; }
.all { display: grid; grid-template-columns: 700px 560px; gap: 24px; align-items: start; }
.column { display: grid; gap: 24px; }
figure { margin: 0; } figcaption { color: #59636e; font-size: 14px; margin: 0 0 6px; }
.card { background: white; border: 1px solid #d1d9e0; border-radius: 8px; padding: 16px 20px; overflow: hidden; }
.slack { border-left: 4px solid #cacf29; padding-left: 12px; } .slack b:first-child { font-weight: 700; }
.markdown { background: #313338; color: #dbdee1; } .markdown p { margin: 0 0 10px; } .markdown ul { margin: 0 0 10px; padding-left: 22px; }
.phone { background: #f6f8fa; width: 360px; border-radius: 18px; } .phone p { margin: 0; white-space: pre-wrap; font-size: 14px; }
.text p { white-space: pre-wrap; margin: 0; }
code { background: #f3f4f6; border: 1px solid #d1d9e0; border-radius: 4px; padding: 0 4px; font-size: 13px; }
.markdown code { background: #1e1f22; border-color: #1e1f22; }
img { max-width: 100%; } iframe { border: 0; width: 100%; }
"""


def judged(store: Store) -> list[OutboxRow]:
    """The messages of a crash, one for each kind of channel, with the evidence of what was before it."""
    catalogue = read_catalogue((ROOT / "rules/instruments.yml").read_text(), file="instruments.yml")
    rulebook = load_rulebook(["precious"], folder=ROOT, catalogue=catalogue)
    around = Context(store, SampleSource(), rulebook, routing=everything(STYLES), styles=STYLES)
    run_cycle(around, now=BEFORE)
    keep_evidence(around, now=BEFORE)
    told = {row.key for row in store.outbox_rows()}
    run_cycle(around, now=AFTER)
    return [row for row in store.outbox_rows() if row.key not in told]


def mailed(store: Store) -> str:
    """The HTML that a real mail server took, its picture inside."""
    with mail_receiver() as server:
        nowhere = {name: Channel(name, "none", lambda *_, **__: None) for name in STYLES}
        channels = nowhere | {"mail": apprise_channel("mail", server.url("ann@example.org"))}
        deliver_due(store, channels, now=lambda: AFTER, jitter=lambda: 0.0)
        mail = server.received[-1].content
    parts = {part.get_content_type(): part for part in mail.walk()}
    page = parts["text/html"].get_content()
    data = base64.b64encode(parts["image/png"].get_content()).decode()
    return re.sub(r"cid:[^\"]+", f"data:image/png;base64,{data}", page)


def slack(row: OutboxRow) -> str:
    """As Slack shows it: its own marks, and nothing else."""
    body = escape(row.body, quote=False)
    body = re.sub(r"`([^`]+)`", r"<code>\1</code>", re.sub(r"(?<!\w)\*([^*\n]+)\*(?!\w)", r"<b>\1</b>", body))
    lines = body.replace("\n", "<br>")
    return f"<div class=slack><b>{escape(row.title)}</b><br>{lines}</div>"


def page(rows: dict[str, OutboxRow], mail: str) -> str:
    """All forms on one page."""
    subject = f"<p><b>{escape(rows['mail'].title)}</b></p><hr>"
    markdown = MarkdownIt("commonmark", {"breaks": True}).render(
        f"{rows['markdown'].title}\n{rows['markdown'].body}"
    )
    text, sms = (f"<b>{escape(row.title)}</b>\n{escape(row.body)}" for row in (rows["text"], rows["sms"]))
    cards = [
        ("Mail", f"<div class=card>{subject}{mail}</div>"),
        ("Plain text, as ntfy shows it", f"<div class='card text'><p>{text}</p></div>"),
        ("Slack", f"<div class=card>{slack(rows['slack'])}</div>"),
        ("Markdown, as Discord shows it", f"<div class='card markdown'>{markdown}</div>"),
        ("A text message, 160 characters", f"<div class='card phone'><p>{sms}</p></div>"),
    ]
    figures = [f"<figure><figcaption>{name}</figcaption>{card}</figure>" for name, card in cards]
    columns = ("".join(figures[:2]), "".join(figures[2:]))
    inside = "".join(f"<div class=column>{one}</div>" for one in columns)
    return f"<!doctype html><meta charset=utf-8><style>{LOOK}</style><div class=all>{inside}</div>"


def shoot(html: str, into: Path, *, width: int, height: int) -> None:
    """A picture of a page."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(html, encoding="utf-8")
        flags = (
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-sync",
        )
        quiet = ("--disable-background-networking", "--disable-component-update", "--hide-scrollbars")
        command = ["chromium", *flags, *quiet, f"--user-data-dir={folder}/profile"]
        size = f"--window-size={width},{height}"
        subprocess.run(
            [*command, size, f"--screenshot={into}", f"file://{file}"], check=True, capture_output=True
        )


def main(folder: Path | None) -> None:
    with TemporaryDirectory() as place:
        store = open_store(f"sqlite:///{place}/messages.db")
        rows = {row.channel: row for row in judged(store)}
        mail = mailed(store)
        store.close()
    shoot(page(rows, mail), PICTURE, width=1332, height=1180)
    if folder is not None:  # to look at by itself, as wide as a phone and as a desk
        for width in (390, 1000):
            shoot(
                f"<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'>{mail}",
                folder / f"mail-{width}.png",
                width=width,
                height=1200,
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
