"""Functions of `ta` that are not offered, and why; a test shows each reason to be true."""

_LEVEL = "it adds up since the first bar held, so that its value changes when older history is imported; {}"
_PSAR = (
    "ta asks whether a stop was hit before it holds the stop out of the range of the last two bars, Wilder (1978) "
    "after, so that it turns too early (29 of 1,256 bars of SLV have the other trend); use donchian_lower or "
    "ta.average_true_range for a trailing stop"
)

REFUSED: dict[str, str] = {
    "ta.psar_up": _PSAR,
    "ta.psar_down": _PSAR,
    "ta.psar_up_indicator": _PSAR,
    "ta.psar_down_indicator": _PSAR,
    "ta.on_balance_volume": "ta adds the volume of a bar whose close did not change, which Granville (1963) leaves "
    "out, and it adds up since the first bar held; use ta.chaikin_money_flow or ta.money_flow_index",
    "ta.acc_dist_index": _LEVEL.format("use ta.chaikin_money_flow, which has a window"),
    "ta.volume_price_trend": _LEVEL.format("use ta.force_index"),
    "ta.negative_volume_index": _LEVEL.format("use change and relative_volume"),
    "ta.cumulative_return": _LEVEL.format("use change(x, n)"),
}
