"""What is remembered about the health of series and of their source."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, select

from monitor.health import Freshness, SeriesHealth, SourceHealth
from monitor.storage import schema


def commit(connection: Connection, series: Iterable[SeriesHealth], source: SourceHealth | None) -> None:
    """Write what changed."""
    schema.upsert(connection, schema.series_health, [_row(one) for one in series])
    schema.upsert(connection, schema.source_health, [_row(source)] if source else [])


def healths(connection: Connection) -> dict[str, SeriesHealth]:
    """What is remembered of every series."""
    found = connection.execute(select(schema.series_health)).mappings()
    return {row["instrument"]: _series(row) for row in found}


def source_health(connection: Connection, source: str) -> SourceHealth:
    """What is remembered of a source; one that nobody looked at is well."""
    table = schema.source_health
    row = connection.execute(select(table).where(table.c.source == source)).mappings().first()
    return SourceHealth(**row) if row else SourceHealth(source=source)


def _row(one: SeriesHealth | SourceHealth) -> schema.Row:
    return {field.name: getattr(one, field.name) for field in fields(one)}


def _series(row: Any) -> SeriesHealth:
    typed = {
        "freshness": Freshness(row["freshness"]),
        "told": Freshness(row["told"]),
        "gaps": tuple(row["gaps"]),
    }
    return SeriesHealth(**{**row, **typed})
