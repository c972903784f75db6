"""The keys of a pack, what each takes and what it means; editors are told the same by `schema`."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from monitor.alerts import Severity
from monitor.errors import shown
from monitor.rulefile.values import (
    AmountFile,
    Bars,
    Count,
    Days,
    Expression,
    ParamBars,
    Percent,
    Session,
    is_mapping,
)
from monitor.rules import OnFirst

NAME = r"^[a-z][a-z0-9_-]*$"
METRIC_NAME = r"^[a-z_][a-z0-9_]*$"
IN_LEVELS = ("when", "clear_when", "for", "clear_for", "severity")
"""Keys that a ladder has in its levels, not beside them."""
HOLD, RESET_PENDING = "hold", "reset_pending"


def _missing(value: object) -> object:
    if value not in (HOLD, RESET_PENDING):
        msg = f"write {HOLD}, {RESET_PENDING} or {{close_after: 5 bars}}, not {shown(value)}"
        raise ValueError(msg)
    return value


def _group(value: object) -> object:
    if isinstance(value, list):
        msg = "it names one group, not its members: list them under `groups` in your `instruments`, by a name"
        raise ValueError(msg)  # noqa: TRY004 - what pydantic tells of a value
    return value


def _values(value: object) -> object:
    if not isinstance(value, list) or not value:
        msg = f"write a list such as [90, 95], or {{from: 80, to: 100, step: 5, default: 90}}, not {shown(value)}"
        raise ValueError(msg)
    return value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


class WindowFile(_Strict):
    """So many bars among the last ones that are known."""

    bars: Count = Field(description="So many bars have to fire, the last one among them.")
    of: Count = Field(description="Among so many known bars.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.of < self.bars:
            msg = f"{self.bars} of {self.of} bars can never fire: `of` is at least `bars`"
            raise ValueError(msg)
        return self


class RemindFile(_Strict):
    """When a reminder of an open episode is due."""

    every: Bars = Field(description="A reminder comes each time so many bars have passed since the open.")
    max: Count | None = Field(default=None, description="So many reminders at most; else no end.")


class CloseAfterFile(_Strict):
    """Missing data closes an episode."""

    close_after: Bars = Field(
        description="After so many unknown bars in a row an open episode resolves: closed without confirmation."
    )


class RangeFile(_Strict):
    """Values of a parameter, from one to another."""

    from_: AmountFile = Field(alias="from", description="The lowest value.")
    to: AmountFile = Field(description="The highest value, if the step meets it.")
    step: AmountFile = Field(description="From each value to the next.")
    default: AmountFile = Field(description="The value the rule runs with, one of them.")


Window = Annotated[
    Annotated[ParamBars, Tag("word")] | Annotated[WindowFile, Tag("mapping")], Discriminator(is_mapping)
]
OnMissing = Annotated[
    Annotated[Literal["hold", "reset_pending"], BeforeValidator(_missing), Tag("word")]
    | Annotated[CloseAfterFile, Tag("mapping")],
    Discriminator(is_mapping),
]

ParamFile = Annotated[
    Annotated[Annotated[list[AmountFile], BeforeValidator(_values), Field(min_length=1)], Tag("word")]
    | Annotated[RangeFile, Tag("mapping")],
    Discriminator(is_mapping),
]

ForKey = Field(
    default=1,
    alias="for",
    description="How long it has to fire before it opens: in a row, or {bars: 3, of: 5} among the last known.",
    json_schema_extra={"default": "1 bar"},
)
ClearForKey = Field(
    default=1,
    description="How many bars in a row have to be clear before it resolves.",
    json_schema_extra={"default": "1 bar"},
)
ClearWhenKey = Field(
    default=None,
    description="When it is clear again; else as soon as `when` is false. Between the two nothing changes.",
)


class LevelFile(_Strict):
    """One level of a ladder."""

    when: Expression = Field(description="The condition that fires this level.")
    for_: Window = ForKey
    clear_when: Expression | None = ClearWhenKey
    clear_for: ParamBars = ClearForKey


class DefaultsFile(_Strict):
    """What holds for every rule of the pack that does not say otherwise."""

    for_: Window = ForKey
    clear_for: ParamBars = ClearForKey
    severity: Severity = Field(default=Severity.WARNING, description="How loud it is.")
    cooldown: Days = Field(
        default=0,
        description="Least calendar days between two messages that it opened.",
        json_schema_extra={"default": "0 days"},
    )
    remind: RemindFile | None = Field(default=None, description="Tell again of an episode that stays open.")
    remind_on_new_extreme: Percent | None = Field(
        default=None,
        description="Tell again when the value is so much beyond the farthest one told, in the direction of "
        "the first comparison.",
    )
    on_first: OnFirst = Field(
        default=OnFirst.NOTIFY,
        description="What is told of a rule that is firing when it is judged for the first time: one message "
        "(notify), nothing (silent), or nothing before a bar without fire was seen (wait_for_edge).",
    )
    on_missing: OnMissing = Field(
        default="hold",
        description="What missing data does: nothing (hold), it drops what is pending (reset_pending), or it "
        "closes an open episode after a while ({close_after: 5 bars}).",
    )
    labels: dict[str, str] = Field(default={}, description="Words of your own, shown in JSON.")


class OverrideFile(DefaultsFile):
    """What is different for one member of the group."""

    when: Expression | None = Field(default=None, description="The condition that fires.")
    clear_when: Expression | None = ClearWhenKey
    expires: Session | None = Field(
        default=None, description="From this session on it is not judged any more; what is open resolves."
    )


class RuleFile(OverrideFile):
    """One rule: `when`, or a ladder of `levels`."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": ["when"]}, {"required": ["levels"]}],
            "dependentRequired": {"overrides": ["for_each"]},
            "dependentSchemas": {"levels": {"properties": dict.fromkeys(IN_LEVELS, False)}},
        }
    )

    levels: dict[Severity, LevelFile] | None = Field(
        default=None,
        description="A ladder: one episode, and one message for each new worst level.",
        json_schema_extra={"minProperties": 1},
    )
    for_each: Annotated[str | None, BeforeValidator(_group)] = Field(
        default=None, description="A group of instruments; the rule is asked of each, and `it` is the member."
    )
    params: dict[str, ParamFile] = Field(
        default={},
        description="Names for numbers that a sweep tries, for conditions, metrics and `for: hold bars`: a list, whose "
        "first value is the default, or {from: 80, to: 100, step: 5, default: 90}.",
        json_schema_extra={"propertyNames": {"pattern": METRIC_NAME}},
    )
    overrides: dict[str, OverrideFile] = Field(
        default={}, description="What is different for single members of the group, by member."
    )
    mode: Literal["episode", "edge"] = Field(
        default="episode",
        description="An episode is told of when it opens and when it resolves; an edge is one event, told of "
        "when it happens, and again after it was clear.",
    )
    judge: Literal["close", "live"] = Field(
        default="close",
        description="What is judged: settled closes, or the prices of the session that goes on as well; what those "
        "say is told as live, and confirmed or withdrawn at the close.",
    )
    confirm: Literal["close"] | None = Field(
        default=None, description="Of a live rule: what confirms it; there is nothing else yet."
    )
    inhibited_by: list[str] = Field(
        default=[], description="Rules (name, or pack/name); while one of them is open, nothing is told."
    )
    say: str | None = Field(default=None, description="What a message says, with metrics in {gsr:.1f}.")
    study: str | None = Field(
        default=None, description="The instrument whose returns after each open the backtest shows."
    )
    note: str | None = Field(default=None, description="Why this rule.")


class HealthFile(_Strict):
    """The limits of one kind of health alert."""

    after: str = Field(pattern=r"^\d+ (minutes|sessions)$", description="So late a series may be.")
    clear: str | None = Field(
        default=None, pattern=r"^\d+ (minutes|sessions)$", description="So fresh it must be to be well again."
    )
    series: int = Field(default=1, ge=1, description="So many series must be late.")


class PackFile(_Strict):
    """Rules about prices, in one file."""

    model_config = ConfigDict(title="A pack of rules for Metalwatch")

    pack: str = Field(pattern=NAME, description="The name of the pack; a rule is called pack/name.")
    about: str = Field(description="What the rules of this pack are about.")
    defaults: DefaultsFile = Field(
        default_factory=DefaultsFile, description="What holds for every rule that does not say otherwise."
    )
    metrics: dict[str, Expression] = Field(
        default={},
        description="Numbers or conditions by the names that rules use.",
        json_schema_extra={"propertyNames": {"pattern": METRIC_NAME}},
    )
    health: dict[Literal["feed-stale", "bar-missing"], HealthFile] = Field(
        default={}, description="Limits of health alerts, which are about data and not about prices."
    )
    rules: dict[str, RuleFile] = Field(
        description="The rules by name.",
        json_schema_extra={"propertyNames": {"pattern": NAME}, "minProperties": 1},
    )
