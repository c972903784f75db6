"""Oracle values of every indicator of `ta`: `ta_formulas` over made-up bars, and StockCharts' worksheets."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.reference import published
from tests.reference import ta_formulas as f
from tests.reference.make import rsi

Case = dict[str, Any]
Cases = tuple[str, list[Case]]

LITERATURE = "ta_formulas.py, the formula of the literature over plain lists"
WORKSHEET = "StockCharts' ChartSchool, worksheet of the indicator"
SHOWN = 12
"""Digits of a value on file."""


def made_up(count: int) -> dict[str, list[float]]:
    """Bars with gaps, inside days, equal closes, a crash and a spike."""
    found: dict[str, list[float]] = {name: [] for name in ("open", "high", "low", "close", "volume")}
    dice, price = 7, 100.0
    for row in range(count):
        rolls = []
        for _ in range(5):
            dice = (dice * 48271) % 2147483647  # Lehmer's generator
            rolls.append(dice / 2147483647)
        opened = price * (0.985 + 0.03 * rolls[0])
        close = opened * (
            0.97 + 0.062 * rolls[1] - (0.2 if row == count // 2 else 0) + (0.15 if row == 21 else 0)
        )
        close = price if row % 17 == 5 else close
        found["open"].append(round(opened, 2))
        found["close"].append(round(close, 2))
        found["high"].append(
            round(max(opened, close, price if row % 17 == 5 else 0) * (1 + 0.02 * rolls[2]), 2)
        )
        found["low"].append(round(min(opened, close) * (1 - 0.02 * rolls[3]), 2))
        found["volume"].append(float(round(1000 + 9000 * rolls[4])))
        price = round(close, 2)
    return found


BARS = made_up(110)
FEW = made_up(45)
SERIES: Mapping[str, Mapping[str, Sequence[float | None]]] = {
    "bars": BARS,
    "few": FEW,
    "kama": {"close": published.numbers(published.KAMA)},
    **{name: published.table(name) for name in published.TABLES},
}
"""The inputs that cases name."""

X, Y = BARS["close"], FEW["close"]


def case(call: str, expected: f.Column, inputs: str = "bars", source: str = LITERATURE) -> Case:
    shown = [None if value is None else float(f"{value:.{SHOWN}g}") for value in expected]
    return {"call": call, "source": source, "inputs": inputs, "expected": shown}


def both(name: str, usual: f.Column, params: str, other: f.Column) -> list[Case]:
    """With the defaults over many bars, and with other parameters over few."""
    return [case(f"{name}(x)", usual), case(f"{name}(x, {params})", other, "few")]


def conditions(found: f.Column) -> list[bool | None]:
    return [None if value is None else value > 0 for value in found]


def worksheet(function: str, table: str, digits: int) -> Case:
    """The printed values of one, to its last digit."""
    expected = published.table(table)[function]
    return {**case(f"{function}(x)", expected, table, WORKSHEET), "relative": 0.0, "absolute": 10.0**-digits}


def averages() -> dict[str, Cases]:
    kama = [*[None] * 10, *published.numbers(published.KAMA_PRINTED)]
    return {
        "ta.sma_indicator": ("mean", both("ta.sma_indicator", f.averaged(X, 12), "5", f.averaged(Y, 5))),
        "ta.ema_indicator": (
            "begun with the first value",
            both("ta.ema_indicator", f.ema(X, 12), "5", f.ema(Y, 5)),
        ),
        "ta.wma_indicator": (
            "weights 1 to n, the latest n",
            both("ta.wma_indicator", f.wma(X, 9), "4", f.wma(Y, 4)),
        ),
        "ta.kama": (
            "begun with the value of bar n",
            [
                *both("ta.kama", f.kama(X, 10, 2, 30), "5, pow1=3, pow2=12", f.kama(Y, 5, 3, 12)),
                {**case("ta.kama(x)", kama, "kama", WORKSHEET), "relative": 0.0, "absolute": 1e-6},
            ],
        ),
    }


def bands() -> dict[str, Cases]:
    above = f.each(lambda x, band: x - band, X, f.band(X, 20, 2))
    below = f.each(lambda x, band: band - x, X, f.band(X, 20, -2))
    above_few = f.each(lambda x, band: x - band, Y, f.band(Y, 5, 1))
    below_few = f.each(lambda x, band: band - x, Y, f.band(Y, 5, -1))
    args, text = "5, window_dev=1", "population standard deviation (n)"
    hot, cold = "ta.bollinger_hband_indicator", "ta.bollinger_lband_indicator"
    return {
        "ta.bollinger_mavg": ("mean", both("ta.bollinger_mavg", f.averaged(X, 20), "5", f.averaged(Y, 5))),
        "ta.bollinger_hband": (text, both("ta.bollinger_hband", f.band(X, 20, 2), args, f.band(Y, 5, 1))),
        "ta.bollinger_lband": (text, both("ta.bollinger_lband", f.band(X, 20, -2), args, f.band(Y, 5, -1))),
        "ta.bollinger_wband": (
            f"{text}, in per cent of the mean",
            both("ta.bollinger_wband", f.bollinger_width(X, 20, 2), args, f.bollinger_width(Y, 5, 1)),
        ),
        "ta.bollinger_pband": (
            f"{text}, 0 on the lower band, 1 on the upper",
            both("ta.bollinger_pband", f.bollinger_place(X, 20, 2), args, f.bollinger_place(Y, 5, 1)),
        ),
        hot: (text, [_yes(f"{hot}(x)", above), _yes(f"{hot}(x, {args})", above_few, "few")]),
        cold: (text, [_yes(f"{cold}(x)", below), _yes(f"{cold}(x, {args})", below_few, "few")]),
        "ta.ulcer_index": (
            "each drawdown from the highest of its own window, in per cent",
            both("ta.ulcer_index", f.ulcer(X, 14), "4", f.ulcer(Y, 4)),
        ),
    }


def _yes(call: str, found: f.Column, inputs: str = "bars") -> Case:
    return {**case(call, [], inputs), "expected": conditions(found)}


def oscillators() -> dict[str, Cases]:
    k, k_few = f.averaged(f.stoch_rsi(X, 14), 3), f.averaged(f.stoch_rsi(Y, 5), 2)
    few = "5, smooth1=2, smooth2=4"
    per_cent = "in per cent; averages begun with the first value"
    args = "window_slow=9, window_fast=4"
    signed = f"{args}, window_sign=3"
    ppo, ppo_few = f.ppo(X, 26, 12), f.ppo(Y, 9, 4)
    macd, macd_few = f.macd(X, 26, 12), f.macd(Y, 9, 4)
    rocs, few_rocs = ((10, 15, 20, 30), (10, 10, 10, 15)), ((2, 3, 4, 6), (3, 4, 5, 7))
    kst, kst_few = f.kst(X, *rocs), f.kst(Y, *few_rocs)
    kst_args = "roc1=2, roc2=3, roc3=4, roc4=6, window1=3, window2=4, window3=5, window4=7"
    stc_args = "window_slow=9, window_fast=4, cycle=6, smooth1=3, smooth2=2"
    return {
        "ta.daily_return": ("in per cent", [case("ta.daily_return(x)", f.roc(X, 1))]),
        "ta.daily_log_return": ("natural logarithm, in per cent", [case("ta.daily_log_return(x)", f.log_return(X))]),
        "ta.roc": ("in per cent", both("ta.roc", f.roc(X, 12), "5", f.roc(Y, 5))),
        "ta.rsi": ("begun with a rise and a fall of zero", both("ta.rsi", rsi(X, 14), "5", rsi(Y, 5))),
        "ta.stochrsi": ("0 to 1", both("ta.stochrsi", f.stoch_rsi(X, 14), few, f.stoch_rsi(Y, 5))),
        "ta.stochrsi_k": ("0 to 1", both("ta.stochrsi_k", k, few, k_few)),
        "ta.stochrsi_d": ("0 to 1", both("ta.stochrsi_d", f.averaged(k, 3), few, f.averaged(k_few, 4))),
        "ta.tsi": ("-100 to 100", both("ta.tsi", f.tsi(X, 25, 13), "9, 4", f.tsi(Y, 9, 4))),
        "ta.ppo": (per_cent, both("ta.ppo", ppo, signed, ppo_few)),
        "ta.ppo_signal": (per_cent, both("ta.ppo_signal", f.ema(ppo, 9), signed, f.ema(ppo_few, 3))),
        "ta.ppo_hist": (per_cent, both("ta.ppo_hist", f.less_signal(ppo, 9), signed, f.less_signal(ppo_few, 3))),
        "ta.macd": ("averages begun with the first value", both("ta.macd", macd, args, macd_few)),
        "ta.macd_signal": ("as macd", both("ta.macd_signal", f.ema(macd, 9), signed, f.ema(macd_few, 3))),
        "ta.macd_diff": ("as macd", both("ta.macd_diff", f.less_signal(macd, 9), signed, f.less_signal(macd_few, 3))),
        "ta.trix": (per_cent, both("ta.trix", f.trix(X, 15), "4", f.trix(Y, 4))),
        "ta.dpo": ("dated today", both("ta.dpo", f.dpo(X, 20), "7", f.dpo(Y, 7))),
        "ta.kst": ("in per cent", both("ta.kst", kst, kst_args, kst_few)),
        "ta.kst_sig": ("in per cent", both("ta.kst_sig", f.averaged(kst, 9), f"{kst_args}, nsig=4", f.averaged(kst_few, 4))),
        "ta.stc": ("0 to 100", both("ta.stc", f.stc(X, 50, 23, 10, 3, 3), stc_args, f.stc(Y, 9, 4, 6, 3, 2))),
    }  # fmt: skip


def directions() -> dict[str, Cases]:
    late = "Wilder's sums; told one bar after it could be known"
    plus = both("ta.adx_pos", f.di(BARS, 14, 0), "5", f.di(FEW, 5, 0))
    minus = both("ta.adx_neg", f.di(BARS, 14, 1), "5", f.di(FEW, 5, 1))
    high, low, few_high, few_low = BARS["high"], BARS["low"], FEW["high"], FEW["low"]
    vortex = "over true ranges"
    conversion, base = f.middle(BARS, 9), f.middle(BARS, 26)
    few_conversion, few_base = f.middle(FEW, 4), f.middle(FEW, 9)
    span = f.each(lambda a, b: (a + b) / 2, conversion, base)
    few_span = f.each(lambda a, b: (a + b) / 2, few_conversion, few_base)
    args, today = "window1=4, window2=9", "dated today"
    return {
        "ta.adx": (
            "begun with the mean of the first n",
            [*both("ta.adx", f.adx(BARS, 14), "5", f.adx(FEW, 5)), worksheet("ta.adx", "adx", 5)],
        ),
        "ta.adx_pos": (late, [*plus, worksheet("ta.adx_pos", "adx", 5)]),
        "ta.adx_neg": (late, [*minus, worksheet("ta.adx_neg", "adx", 5)]),
        "ta.vortex_indicator_pos": (
            vortex,
            both("ta.vortex_indicator_pos", f.vortex(BARS, 14, "high", "low"), "5", f.vortex(FEW, 5, "high", "low")),
        ),
        "ta.vortex_indicator_neg": (
            vortex,
            both("ta.vortex_indicator_neg", f.vortex(BARS, 14, "low", "high"), "5", f.vortex(FEW, 5, "low", "high")),
        ),
        "ta.aroon_up": (
            "of equal highs the oldest counts", both("ta.aroon_up", f.aroon(high, 25, max), "5", f.aroon(few_high, 5, max)),
        ),
        "ta.aroon_down": (
            "of equal lows the oldest counts", both("ta.aroon_down", f.aroon(low, 25, min), "5", f.aroon(few_low, 5, min)),
        ),
        "ta.mass_index": (
            "averages begun with the first value", both("ta.mass_index", f.mass(BARS, 9, 25), "4, 7", f.mass(FEW, 4, 7)),
        ),
        "ta.ichimoku_conversion_line": (today, both("ta.ichimoku_conversion_line", conversion, args, few_conversion)),
        "ta.ichimoku_base_line": (today, both("ta.ichimoku_base_line", base, args, few_base)),
        "ta.ichimoku_a": (today, both("ta.ichimoku_a", span, args, few_span)),
        "ta.ichimoku_b": (today, both("ta.ichimoku_b", f.middle(BARS, 52), "9, 18", f.middle(FEW, 18))),
    }  # fmt: skip


def of_bars() -> dict[str, Cases]:
    stoch, few_stoch = f.times(100, f.place(BARS, 14)), f.times(100, f.place(FEW, 5))
    volume, few_volume = BARS["volume"], FEW["volume"]
    pvo, few_pvo = f.ppo(volume, 26, 12), f.ppo(few_volume, 9, 4)
    signed, per_cent = (
        "window_slow=9, window_fast=4, window_sign=3",
        "in per cent; averages begun with the first value",
    )
    weighed = "window1=2, window2=4, window3=7, weight1=3, weight2=2, weight3=1.5"
    ultimate = f.ultimate(FEW, (2, 4, 7), (3, 2, 1.5))
    williams = f.times(100, f.place(BARS, 14), -100)
    return {
        "ta.stoch": ("0 to 100, not smoothed", both("ta.stoch", stoch, "5, smooth_window=2", few_stoch)),
        "ta.stoch_signal": ("0 to 100", both("ta.stoch_signal", f.averaged(stoch, 3), "5, smooth_window=2", f.averaged(few_stoch, 2))),
        "ta.williams_r": ("-100 to 0", both("ta.williams_r", williams, "lbp=5", f.times(100, f.place(FEW, 5), -100))),
        "ta.awesome_oscillator": ("of middles", both("ta.awesome_oscillator", f.awesome(BARS, 5, 34), "3, 8", f.awesome(FEW, 3, 8))),
        "ta.ultimate_oscillator": (
            "weights 4, 2, 1",
            [*both("ta.ultimate_oscillator", f.ultimate(BARS, (7, 14, 28), (4, 2, 1)), weighed, ultimate), worksheet("ta.ultimate_oscillator", "ultimate", 2)],
        ),
        "ta.cci": (
            "mean absolute deviation from the mean of the same window",
            [*both("ta.cci", f.cci(BARS, 20, 0.015), "5, constant=0.02", f.cci(FEW, 5, 0.02)), worksheet("ta.cci", "cci", 1)],
        ),
        "ta.pvo": (per_cent, both("ta.pvo", pvo, signed, few_pvo)),
        "ta.pvo_signal": (per_cent, both("ta.pvo_signal", f.ema(pvo, 9), signed, f.ema(few_pvo, 3))),
        "ta.pvo_hist": (per_cent, both("ta.pvo_hist", f.less_signal(pvo, 9), signed, f.less_signal(few_pvo, 3))),
        "ta.average_true_range": (
            "begun with the mean of the first n true ranges, the first of them high - low",
            [*both("ta.average_true_range", f.atr(BARS, 14), "5", f.atr(FEW, 5)), worksheet("ta.average_true_range", "atr", 8)],
        ),
    }  # fmt: skip


def channels() -> dict[str, Cases]:
    found: dict[str, Cases] = {}
    lines = [(f.keltner(BARS, 20, side), f.keltner(FEW, 5, side)) for side in (0, 1, -1)]
    (middle, few_middle), (upper, few_upper), (lower, few_lower) = lines
    for name, (usual, few) in zip(("mband", "hband", "lband"), lines, strict=True):
        found[f"keltner_channel_{name}"] = (
            "the original, of typical prices",
            both(f"ta.keltner_channel_{name}", usual, "5", few),
        )
    width = f.each(lambda h, low, m: 100 * (h - low) / m, upper, lower, middle)
    few_width = f.each(lambda h, low, m: 100 * (h - low) / m, few_upper, few_lower, few_middle)
    where = f.each(lambda c, h, low: (c - low) / (h - low), X, upper, lower)
    few_where = f.each(lambda c, h, low: (c - low) / (h - low), Y, few_upper, few_lower)
    found["keltner_channel_wband"] = ("in per cent", both("ta.keltner_channel_wband", width, "5", few_width))
    found["keltner_channel_pband"] = (
        "0 on the lower band",
        both("ta.keltner_channel_pband", where, "5", few_where),
    )
    hot, cold = "keltner_channel_hband_indicator", "keltner_channel_lband_indicator"
    found[hot] = (
        "above",
        [
            _yes(f"ta.{hot}(x)", f.times(1, where, -1)),
            _yes(f"ta.{hot}(x, 5)", f.times(1, few_where, -1), "few"),
        ],
    )
    found[cold] = (
        "below",
        [_yes(f"ta.{cold}(x)", f.times(-1, where)), _yes(f"ta.{cold}(x, 5)", f.times(-1, few_where), "few")],
    )
    tops = {n: (f.over(BARS["high"], n, max), f.over(BARS["low"], n, min)) for n in (10, 20)}
    few_top, few_bottom = f.over(FEW["high"], 5, max), f.over(FEW["low"], 5, min)
    donchian_width = f.each(lambda h, low, m: 100 * (h - low) / m, *tops[10], f.averaged(X, 10))
    few_donchian_width = f.each(lambda h, low, m: 100 * (h - low) / m, few_top, few_bottom, f.averaged(Y, 5))
    for name, usual, few in (
        ("hband", tops[20][0], few_top),
        ("lband", tops[20][1], few_bottom),
        ("mband", f.middle(BARS, 10), f.middle(FEW, 5)),
        ("wband", donchian_width, few_donchian_width),
        ("pband", f.place(BARS, 10), f.place(FEW, 5)),
    ):
        found[f"donchian_channel_{name}"] = (
            "this bar included",
            both(f"ta.donchian_channel_{name}", usual, "5", few),
        )
    return {f"ta.{name}": cases for name, cases in found.items()}  # fmt: skip


def volumes() -> dict[str, Cases]:
    ease, few_ease = f.ease(BARS), f.ease(FEW)
    return {
        "ta.chaikin_money_flow": ("-1 to 1", both("ta.chaikin_money_flow", f.cmf(BARS, 20), "5", f.cmf(FEW, 5))),
        "ta.money_flow_index": (
            "0 to 100",
            [*both("ta.money_flow_index", f.mfi(BARS, 14), "5", f.mfi(FEW, 5)), worksheet("ta.money_flow_index", "mfi", 3)],
        ),
        "ta.force_index": ("begun with the first value", both("ta.force_index", f.force(BARS, 13), "5", f.force(FEW, 5))),
        "ta.ease_of_movement": (
            "of one bar",
            [*both("ta.ease_of_movement", ease, "5", few_ease), worksheet("ta.ease_of_movement", "ease", 8)],
        ),
        "ta.sma_ease_of_movement": (
            "mean",
            [*both("ta.sma_ease_of_movement", f.averaged(ease, 14), "5", f.averaged(few_ease, 5)), worksheet("ta.sma_ease_of_movement", "ease", 8)],
        ),
        "ta.volume_weighted_average_price": (
            "over n bars", both("ta.volume_weighted_average_price", f.vwap(BARS, 14), "5", f.vwap(FEW, 5)),
        ),
    }  # fmt: skip


def reference() -> dict[str, Cases]:
    """For each indicator its convention and its cases."""
    return averages() | bands() | oscillators() | directions() | of_bars() | channels() | volumes()
