"""What readers may ask for, and every fault of what they asked at once."""

from datetime import date
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import QueryParams

from monitor.alerts import Severity


class Query(BaseModel):
    """Nothing may be asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class StatusQuery(Query):
    """How many rules."""

    limit: Annotated[int, Field(ge=1, le=100_000)] = 100
    """What is open, and then so many rules in all."""


class AlertsQuery(Query):
    """Which alerts."""

    rule: Annotated[str | None, Field(max_length=200)] = None
    """A rule, by its full id or its name."""
    severity: Severity | None = None
    withheld: bool = False
    """Only what was not told."""
    since: date | None = None
    """From this session on; else of the last ninety days."""
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    """The newest so many."""


class MessagesQuery(Query):
    """Which messages."""

    limit: Annotated[int, Field(ge=1, le=500)] = 50
    """The newest so many."""


Asked = TypeVar("Asked", bound=Query)


class BadQueryError(Exception):
    """What was asked for is not to be had; each fault is one line."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def read_query(model: type[Asked], params: QueryParams) -> Asked:
    """What is asked for; BadQueryError lists every fault."""
    given = params.multi_items()
    twice = sorted({name for name, _ in given if len(params.getlist(name)) > 1})
    try:
        asked = model.model_validate(dict(given))
    except ValidationError as error:
        faults = [f"{_shown(one['loc'])}: {one['msg']}" for one in error.errors(include_url=False)]
        raise BadQueryError([*faults, *map(_twice, twice)]) from None
    if twice:
        raise BadQueryError([*map(_twice, twice)])
    return asked


def _twice(name: str) -> str:
    return f"{_shown((name,))}: give it once"


def _shown(loc: tuple[int | str, ...]) -> str:
    """The name of a parameter, cut where somebody sent a novel."""
    return ".".join(map(str, loc))[:60]
