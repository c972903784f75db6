"""Indicators of `ta` that take any series; its parameter is called `close` there and here."""

import math
from functools import partial

from monitor.metrics.registry import Params, bars
from monitor.metrics.ta_entry import (
    APPEL,
    BOLLINGER,
    CLOSE,
    EMA,
    IN_PER_CENT,
    WILDER,
    WITHOUT_EFFECT,
    Bars,
    Indicator,
    Still,
    longest,
    times,
    window,
)

_MACD = {"window_slow": 26, "window_fast": 12}
_MACD_SIGN = {**_MACD, "window_sign": 9}
_MACD_LINE = longest("window_slow", "window_fast")
_bands = partial(
    Indicator, module="volatility", inputs=CLOSE, windows={"window": 20}, numbers={"window_dev": 2.0},
    look_back=window(), least=2, source=BOLLINGER,
)  # fmt: skip
_KST = {
    "roc1": 10, "roc2": 15, "roc3": 20, "roc4": 30, "window1": 10, "window2": 10, "window3": 10, "window4": 15,
}  # fmt: skip
_KST_SOURCE = "Pring (1992), as in StockCharts' ChartSchool"
_STOCH_RSI = {"window": 14, "smooth1": 3, "smooth2": 3}
_of_rsi = partial(
    Indicator, module="momentum", inputs=CLOSE, windows=_STOCH_RSI, warm_up=times(25, "window"),
    bounds=(0.0, 1.0), still=Still.RESTARTS, least=2, source="Chande and Kroll (1994), The New Technical Trader",
)  # fmt: skip


def _signal(p: Params) -> int:
    return _MACD_LINE(p) + bars(p, "window_sign") - 1


def _kama_warm_up(p: Params) -> int:
    """It forgets at least the square of the slowest constant a bar."""
    slowest = 2 / (max(bars(p, "pow1"), bars(p, "pow2")) + 1)
    return math.ceil(26 / slowest**2)


def _stoch_rsi(*smooths: str) -> Bars:
    return lambda p: 2 * bars(p, "window") - 1 + sum(bars(p, name) - 1 for name in smooths)


def _kst(p: Params) -> int:
    return max(bars(p, f"roc{i}") + bars(p, f"window{i}") for i in range(1, 5))


def _stc(p: Params) -> int:
    return _MACD_LINE(p) + 2 * (bars(p, "cycle") - 1) + bars(p, "smooth1") + bars(p, "smooth2") - 2


AVERAGES = (
    Indicator(
        name="sma_indicator", module="trend", inputs=CLOSE, windows={"window": 12}, look_back=window(),
        unit="same", formula="mean of the last window values", source="definition",
        summary="Simple moving average.",
    ),
    Indicator(
        name="ema_indicator", module="trend", inputs=CLOSE, windows={"window": 12}, look_back=window(),
        warm_up=times(20, "window"), unit="same", formula=EMA, convention="begun with the first value",
        source="Roberts (1959)", summary="Exponential moving average.",
    ),
    Indicator(
        name="wma_indicator", module="trend", inputs=CLOSE, windows={"window": 9}, look_back=window(),
        unit="same", formula="sum(i x[t-n+i]) / (n (n + 1) / 2), i = 1 ... n, n = window",
        source="definition; linear weights", summary="Weighted moving average: the latest value counts most.",
    ),
    Indicator(
        name="kama", module="momentum", inputs=CLOSE, windows={"window": 10, "pow1": 2, "pow2": 30},
        look_back=window(more=1), warm_up=_kama_warm_up, unit="same",
        formula="k[t] = k[t-1] + c^2 (x[t] - k[t-1]), c = ER (2/(pow1+1) - 2/(pow2+1)) + 2/(pow2+1), "
        "ER = |x[t] - x[t-window]| / sum of |one-bar differences| over window",
        convention="begun with the value of bar number window", source="Kaufman (1995), Smarter Trading",
        summary="Kaufman's adaptive moving average.",
    ),
    Indicator(
        name="bollinger_mavg", module="volatility", inputs=CLOSE, windows={"window": 20}, look_back=window(),
        unit="same", formula="mean of the last window values", source=BOLLINGER,
        summary="Middle Bollinger band.",
    ),
)  # fmt: skip

BANDS = (
    _bands(
        name="bollinger_hband", unit="same",
        formula="mean + window_dev * standard deviation", convention="population standard deviation (n)",
        summary="Upper Bollinger band.",
    ),
    _bands(
        name="bollinger_lband", unit="same",
        formula="mean - window_dev * standard deviation", convention="population standard deviation (n)",
        summary="Lower Bollinger band.",
    ),
    _bands(
        name="bollinger_wband", unit="percent",
        bounds=(0.0, None), above_zero=True, formula="100 (upper - lower) / mean", convention=IN_PER_CENT,
        summary="Width of the Bollinger bands.",
    ),
    _bands(
        name="bollinger_pband",
        still=Still.WINDOW, formula="(x - lower) / (upper - lower)", convention="0 on the lower band, 1 on the upper",
        summary="Where a value stands between its Bollinger bands.",
    ),
    _bands(
        name="bollinger_hband_indicator", unit="yes/no",
        formula="x > upper band", convention="ta says 1 and 0; here it is a condition",
        summary="Whether a value is above its upper Bollinger band.",
    ),
    _bands(
        name="bollinger_lband_indicator", unit="yes/no",
        formula="x < lower band", convention="ta says 1 and 0; here it is a condition",
        summary="Whether a value is below its lower Bollinger band.",
    ),
    Indicator(
        name="ulcer_index", module="volatility", inputs=CLOSE, windows={"window": 14},
        look_back=lambda p: 2 * bars(p, "window") - 1, unit="percent", bounds=(0.0, None), above_zero=True,
        formula="sqrt(mean of d^2 over window), d = 100 (x / highest of the last window values - 1)",
        convention=f"null until each d has its whole window; {IN_PER_CENT}",
        source="Martin and McCann (1989), The Investor's Guide to Fidelity Funds",
        summary="Ulcer index: depth and length of drawdowns.",
    ),
)  # fmt: skip

RETURNS = (
    Indicator(
        name="daily_return", module="others", inputs=CLOSE, look_back=lambda _: 2, unit="percent",
        above_zero=True, formula="100 (x / x[1 bar ago] - 1)", convention=IN_PER_CENT, source="definition",
        summary="One-bar change in per cent.",
    ),
    Indicator(
        name="daily_log_return", module="others", inputs=CLOSE, look_back=lambda _: 2, unit="percent",
        above_zero=True, formula="100 ln(x / x[1 bar ago])", convention=IN_PER_CENT, source="definition",
        summary="One-bar log change in per cent.",
    ),
    Indicator(
        name="roc", module="momentum", inputs=CLOSE, windows={"window": 12}, look_back=window(more=1),
        unit="percent", above_zero=True, formula="100 (x / x[window bars ago] - 1)", convention=IN_PER_CENT,
        source="definition, as in StockCharts' ChartSchool", summary="Rate of change.",
    ),
)  # fmt: skip

OSCILLATORS = (
    Indicator(
        name="rsi", module="momentum", inputs=CLOSE, windows={"window": 14}, look_back=window(),
        warm_up=times(25, "window"), bounds=(0.0, 100.0), least=2, still=Still.FIRST,
        formula="100 U / (U + D): U, D are rises and falls smoothed by 1/window",
        convention="first rise and fall are 0; the same as rsi", source=WILDER,
        summary="Relative strength index.",
    ),
    _of_rsi(
        name="stochrsi", look_back=_stoch_rsi(),
        formula="(r - lowest r) / (highest r - lowest r) over window, r = ta.rsi(x, window)",
        convention=WITHOUT_EFFECT.format("smooth1, smooth2"),
        summary="Where the RSI stands in its own range, 0 to 1.",
    ),
    _of_rsi(
        name="stochrsi_k", look_back=_stoch_rsi("smooth1"),
        formula="mean of ta.stochrsi over smooth1 bars", convention=WITHOUT_EFFECT.format("smooth2"),
        summary="Stochastic RSI, smoothed.",
    ),
    _of_rsi(
        name="stochrsi_d",
        look_back=_stoch_rsi("smooth1", "smooth2"), formula="mean of ta.stochrsi_k over smooth2 bars",
        summary="Stochastic RSI, smoothed twice.",
    ),
    Indicator(
        name="tsi", module="momentum", inputs=CLOSE, windows={"window_slow": 25, "window_fast": 13},
        look_back=lambda p: bars(p, "window_slow") + bars(p, "window_fast"),
        warm_up=times(20, "window_slow", "window_fast"), bounds=(-100.0, 100.0), still=Still.FIRST,
        formula="100 S(m) / S(|m|): m are one-bar differences, S an exponential average over window_slow and one "
        "of that over window_fast",
        source="Blau (1991), True Strength Index", summary="True strength index.",
    ),
    Indicator(
        name="ppo", module="momentum", inputs=CLOSE, windows=_MACD_SIGN, look_back=_MACD_LINE,
        warm_up=times(20, "window_slow", "window_fast"), unit="percent", above_zero=True,
        formula="100 (ema fast - ema slow) / ema slow", source=APPEL,
        convention=f"{IN_PER_CENT}; {WITHOUT_EFFECT.format('window_sign')}", summary="Percentage price oscillator.",
    ),
    Indicator(
        name="ppo_signal", module="momentum", inputs=CLOSE, windows=_MACD_SIGN, look_back=_signal,
        warm_up=times(20, *_MACD_SIGN), unit="percent", above_zero=True,
        formula="ema(ta.ppo, window_sign)", source=APPEL, convention=IN_PER_CENT,
        summary="Percentage price oscillator: its signal.",
    ),
    Indicator(
        name="ppo_hist", module="momentum", inputs=CLOSE, windows=_MACD_SIGN, look_back=_signal,
        warm_up=times(20, *_MACD_SIGN), unit="percent", above_zero=True,
        formula="ta.ppo - ta.ppo_signal", source=APPEL, convention=IN_PER_CENT,
        summary="Percentage price oscillator less its signal.",
    ),
    Indicator(
        name="macd", module="trend", inputs=CLOSE, windows=_MACD, look_back=_MACD_LINE,
        warm_up=times(20, "window_slow", "window_fast"), unit="same", formula="ema fast - ema slow", source=APPEL,
        convention="ta has the slow window first, macd the fast one", summary="MACD: the line.",
    ),
    Indicator(
        name="macd_signal", module="trend", inputs=CLOSE, windows=_MACD_SIGN, look_back=_signal,
        warm_up=times(20, *_MACD_SIGN), unit="same", formula="ema(ta.macd, window_sign)", source=APPEL,
        convention="ta has the slow window first, macd_signal the fast one", summary="MACD: the signal line.",
    ),
    Indicator(
        name="macd_diff", module="trend", inputs=CLOSE, windows=_MACD_SIGN, look_back=_signal,
        warm_up=times(20, *_MACD_SIGN), unit="same", formula="ta.macd - ta.macd_signal", source=APPEL,
        convention="ta has the slow window first, macd_histogram the fast one", summary="MACD: the histogram.",
    ),
    Indicator(
        name="trix", module="trend", inputs=CLOSE, windows={"window": 15},
        look_back=lambda p: 3 * bars(p, "window") - 1, warm_up=times(60, "window"), unit="percent",
        above_zero=True, formula="one-bar change of e3 in per cent; e3 is the ema of the ema of the ema",
        convention=IN_PER_CENT, source="Hutson (1983), TRIX, as in StockCharts' ChartSchool",
        summary="Rate of change of a triple exponential average.",
    ),
    Indicator(
        name="dpo", module="trend", inputs=CLOSE, windows={"window": 20}, look_back=window(), unit="same", least=4,
        formula="x[window / 2 + 1 bars ago] - mean of the last window values",
        convention="dated today, not window / 2 + 1 bars back as charts draw it, so it sees no future",
        source="StockCharts' ChartSchool", summary="Detrended price oscillator.",
    ),
    Indicator(
        name="kst", module="trend", inputs=CLOSE, windows=_KST, look_back=_kst, unit="percent", above_zero=True,
        formula="100 (R1 + 2 R2 + 3 R3 + 4 R4), Ri the mean over window_i of the changes over roc_i bars",
        source=_KST_SOURCE, fills_with_mean=True, convention=IN_PER_CENT, summary="Know sure thing.",
    ),
    Indicator(
        name="kst_sig", module="trend", inputs=CLOSE, windows={**_KST, "nsig": 9}, unit="percent",
        look_back=lambda p: _kst(p) + bars(p, "nsig") - 1, above_zero=True,
        formula="mean of ta.kst over nsig bars", source=_KST_SOURCE, fills_with_mean=True, convention=IN_PER_CENT,
        summary="Know sure thing: its signal.",
    ),
    Indicator(
        name="stc", module="trend", inputs=CLOSE,
        windows={"window_slow": 50, "window_fast": 23, "cycle": 10, "smooth1": 3, "smooth2": 3},
        look_back=_stc, warm_up=times(25, "window_slow", "window_fast", "cycle", "smooth1", "smooth2"),
        bounds=(0.0, 100.0), least=2, still=Still.RESTARTS,
        formula="stochastic over cycle of the macd, smoothed over smooth1; the same again, smoothed over smooth2",
        convention="0 to 100", source="Schaff (1999), Schaff trend cycle", summary="Schaff trend cycle.",
    ),
)  # fmt: skip

OF_SERIES = (*AVERAGES, *BANDS, *RETURNS, *OSCILLATORS)
