"""The picture of a message, drawn when it is sent and not before."""

from monitor.storage.records import OutboxRow


def picture_of(row: OutboxRow) -> tuple[bytes | None, str]:
    """The PNG of the chart that a message carries, if it has one; else, why it could not be drawn."""
    if row.chart is None:
        return None, ""
    from monitor.charts import metric_chart, png, unpacked

    try:
        return png(metric_chart(unpacked(row.chart))), ""
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a picture must not stop its message
        return None, f"(no chart: {error!r:.120})"
