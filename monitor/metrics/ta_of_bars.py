"""Indicators of `ta` that take an instrument's highs, lows, closes or volumes."""

from functools import partial

from monitor.metrics.registry import bars
from monitor.metrics.ta_entry import (
    ALL_FOUR,
    CLOSE_VOLUME,
    DONCHIAN,
    HIGH_LOW,
    HIGH_LOW_CLOSE,
    HIGH_LOW_VOLUME,
    IN_PER_CENT,
    KELTNER,
    VOLUME,
    WILDER,
    WITHOUT_EFFECT,
    Indicator,
    Still,
    longest,
    times,
    window,
)

_N14 = {"window": 14}
_keltner = partial(
    Indicator, module="volatility", inputs=HIGH_LOW_CLOSE, windows={"window": 20, "window_atr": 10},
    look_back=window(), source=KELTNER,
)  # fmt: skip
_ORIGINAL = f"the original, of typical prices and ranges; {WITHOUT_EFFECT.format('window_atr')}"
_donchian = partial(
    Indicator, module="volatility", inputs=HIGH_LOW_CLOSE, look_back=window(), source=DONCHIAN,
)  # fmt: skip
_ichimoku = partial(
    Indicator, module="trend", inputs=HIGH_LOW, unit="same", source="Hosoda (1969), Ichimoku Kinko Hyo",
)  # fmt: skip
_PVO = {"window_slow": 26, "window_fast": 12, "window_sign": 9}
_pvo = partial(
    Indicator, module="momentum", inputs=VOLUME, windows=_PVO, unit="percent", source="StockCharts' ChartSchool",
)  # fmt: skip
_PVO_SIGNAL = longest("window_slow", "window_fast", more=-1)

DIRECTION = (
    Indicator(
        name="adx", module="trend", inputs=HIGH_LOW_CLOSE, windows=_N14, look_back=lambda p: 2 * bars(p, "window"),
        warm_up=times(40, "window"), bounds=(0.0, 100.0), still=Still.FIRST, least=2, source=WILDER,
        formula="100 |+DI - -DI| / (+DI + -DI), smoothed by 1/window",
        convention="strength of a trend, not its direction; begun with a mean of window values",
        summary="Average directional index.",
    ),
    Indicator(
        name="adx_pos", module="trend", inputs=HIGH_LOW_CLOSE, windows=_N14, look_back=window(more=2),
        warm_up=times(30, "window"), bounds=(0.0, 100.0), still=Still.FIRST, least=2, source=WILDER,
        formula="100 * smoothed rises of the high / smoothed true range",
        convention="a rise counts if it exceeds the fall of the low", summary="Plus directional indicator, +DI.",
    ),
    Indicator(
        name="adx_neg", module="trend", inputs=HIGH_LOW_CLOSE, windows=_N14, look_back=window(more=2),
        warm_up=times(30, "window"), bounds=(0.0, 100.0), still=Still.FIRST, least=2, source=WILDER,
        formula="100 * smoothed falls of the low / smoothed true range",
        convention="a fall counts if it exceeds the rise of the high", summary="Minus directional indicator, -DI.",
    ),
    Indicator(
        name="vortex_indicator_pos", module="trend", inputs=HIGH_LOW_CLOSE, windows=_N14, look_back=window(more=1),
        bounds=(0.0, None), still=Still.WINDOW, fills_with_mean=True, summary="Positive vortex indicator.",
        formula="sum(|high - low[1 bar ago]|) / sum(true range) over window",
        source="Botes and Siepman (2010), The Vortex Indicator",
    ),
    Indicator(
        name="vortex_indicator_neg", module="trend", inputs=HIGH_LOW_CLOSE, windows=_N14, look_back=window(more=1),
        bounds=(0.0, None), still=Still.WINDOW, fills_with_mean=True, summary="Negative vortex indicator.",
        formula="sum(|low - high[1 bar ago]|) / sum(true range) over window",
        source="Botes and Siepman (2010), The Vortex Indicator",
    ),
    Indicator(
        name="aroon_up", module="trend", inputs=HIGH_LOW, windows={"window": 25}, look_back=window(more=1),
        bounds=(0.0, 100.0), still=Still.WINDOW, summary="Aroon up: how fresh the highest high is.",
        formula="100 (window - bars since the highest high of the last window + 1 bars) / window",
        convention="of equal highs the oldest counts", source="Chande (1995), as in StockCharts' ChartSchool",
    ),
    Indicator(
        name="aroon_down", module="trend", inputs=HIGH_LOW, windows={"window": 25}, look_back=window(more=1),
        bounds=(0.0, 100.0), still=Still.WINDOW, summary="Aroon down: how fresh the lowest low is.",
        formula="100 (window - bars since the lowest low of the last window + 1 bars) / window",
        convention="of equal lows the oldest counts", source="Chande (1995), as in StockCharts' ChartSchool",
    ),
    Indicator(
        name="mass_index", module="trend", inputs=HIGH_LOW, windows={"window_fast": 9, "window_slow": 25},
        look_back=lambda p: 2 * bars(p, "window_fast") + bars(p, "window_slow") - 2,
        warm_up=times(40, "window_fast"), bounds=(0.0, None), summary="Mass index: whether ranges widen.",
        formula="sum over window_slow of e / ema(e), e = ema(high - low), both over window_fast",
        source="Dorsey (1992), as in StockCharts' ChartSchool",
    ),
)  # fmt: skip

ICHIMOKU = (
    _ichimoku(
        name="ichimoku_conversion_line", windows={"window1": 9, "window2": 26}, look_back=window("window1"),
        formula="(highest high + lowest low) / 2 over window1", convention=WITHOUT_EFFECT.format("window2"),
        summary="Ichimoku conversion line, tenkan-sen.",
    ),
    _ichimoku(
        name="ichimoku_base_line", windows={"window1": 9, "window2": 26}, look_back=window("window2"),
        formula="(highest high + lowest low) / 2 over window2", convention=WITHOUT_EFFECT.format("window1"),
        summary="Ichimoku base line, kijun-sen.",
    ),
    _ichimoku(
        name="ichimoku_a", windows={"window1": 9, "window2": 26}, look_back=longest("window1", "window2"),
        formula="(conversion line + base line) / 2",
        convention="dated today, not window2 bars ahead as charts draw it; ta's visual is not offered",
        summary="Ichimoku leading span A.",
    ),
    _ichimoku(
        name="ichimoku_b", windows={"window2": 26, "window3": 52}, look_back=window("window3"),
        formula="(highest high + lowest low) / 2 over window3", summary="Ichimoku leading span B.",
        convention=f"dated today, not window2 bars ahead; {WITHOUT_EFFECT.format('window2')}",
    ),
)  # fmt: skip

OSCILLATORS = (
    Indicator(
        name="stoch", module="momentum", inputs=HIGH_LOW_CLOSE, windows={"window": 14, "smooth_window": 3},
        look_back=window(), bounds=(0.0, 100.0), formula="100 (close - lowest low) / (highest high - lowest low)",
        convention=WITHOUT_EFFECT.format("smooth_window"), source="Lane (1984), Lane's Stochastics",
        summary="Stochastic oscillator, %K.",
    ),
    Indicator(
        name="stoch_signal", module="momentum", inputs=HIGH_LOW_CLOSE, windows={"window": 14, "smooth_window": 3},
        look_back=lambda p: bars(p, "window") + bars(p, "smooth_window") - 1, bounds=(0.0, 100.0),
        formula="mean of ta.stoch over smooth_window bars", source="Lane (1984), Lane's Stochastics",
        summary="Stochastic oscillator, %D.",
    ),
    Indicator(
        name="williams_r", module="momentum", inputs=HIGH_LOW_CLOSE, windows={"lbp": 14}, look_back=window("lbp"),
        bounds=(-100.0, 0.0), formula="-100 (highest high - close) / (highest high - lowest low)",
        source="Williams (1979), How I Made One Million Dollars", summary="Williams %R.",
    ),
    Indicator(
        name="awesome_oscillator", module="momentum", inputs=HIGH_LOW, windows={"window1": 5, "window2": 34},
        look_back=longest("window1", "window2"), unit="same", source="Williams (1998), New Trading Dimensions",
        formula="mean of m over window1 - mean of m over window2, m = (high + low) / 2",
        summary="Awesome oscillator.",
    ),
    Indicator(
        name="ultimate_oscillator", module="momentum", inputs=HIGH_LOW_CLOSE,
        windows={"window1": 7, "window2": 14, "window3": 28},
        numbers={"weight1": 4.0, "weight2": 2.0, "weight3": 1.0},
        look_back=longest("window1", "window2", "window3", more=1), bounds=(0.0, 100.0), still=Still.WINDOW,
        formula="100 * weighted mean of sum(close - l) / sum(h - l) over the three windows; h is the high or the "
        "close before, if that is higher, l likewise",
        source="Williams (1985), The Ultimate Oscillator", summary="Ultimate oscillator.",
    ),
    Indicator(
        name="cci", module="trend", inputs=HIGH_LOW_CLOSE, windows={"window": 20}, numbers={"constant": 0.015},
        look_back=window(), least=2, still=Still.WINDOW, source="Lambert (1980), Commodity Channel Index",
        formula="(p - mean p) / (constant * mean |p - mean p|) over window, p = (high + low + close) / 3",
        summary="Commodity channel index.",
    ),
    _pvo(
        name="pvo", look_back=longest("window_slow", "window_fast"),
        warm_up=times(20, "window_slow", "window_fast"),
        formula="100 (ema fast - ema slow) / ema slow, of volume",
        convention=f"{IN_PER_CENT}; {WITHOUT_EFFECT.format('window_sign')}",
        summary="Percentage volume oscillator.",
    ),
    _pvo(
        name="pvo_signal", look_back=lambda p: _PVO_SIGNAL(p) + bars(p, "window_sign"), warm_up=times(20, *_PVO),
        formula="ema(ta.pvo, window_sign)", convention=IN_PER_CENT,
        summary="Percentage volume oscillator: its signal.",
    ),
    _pvo(
        name="pvo_hist", look_back=lambda p: _PVO_SIGNAL(p) + bars(p, "window_sign"), warm_up=times(20, *_PVO),
        formula="ta.pvo - ta.pvo_signal", convention=IN_PER_CENT,
        summary="Percentage volume oscillator less its signal.",
    ),
)  # fmt: skip

RANGES = (
    Indicator(
        name="average_true_range", module="volatility", inputs=HIGH_LOW_CLOSE, windows=_N14, look_back=window(),
        warm_up=times(30, "window"), unit="same", bounds=(0.0, None), source=WILDER, summary="Average true range.",
        formula="true range smoothed by 1/window; true range is from the higher of high and close before to the "
        "lower of low and close before",
        convention="begun with the mean of the first window true ranges, the first of them high - low",
    ),
    _keltner(
        name="keltner_channel_mband", unit="same", formula="mean of (high + low + close) / 3 over window",
        convention=_ORIGINAL, summary="Keltner channel: middle.",
    ),
    _keltner(
        name="keltner_channel_hband", unit="same", formula="middle + mean of (high - low) over window",
        convention=_ORIGINAL, summary="Keltner channel: upper band.",
    ),
    _keltner(
        name="keltner_channel_lband", unit="same", formula="middle - mean of (high - low) over window",
        convention=_ORIGINAL, summary="Keltner channel: lower band.",
    ),
    _keltner(
        name="keltner_channel_wband", unit="percent", bounds=(0.0, None), formula="100 (upper - lower) / middle",
        convention=f"{_ORIGINAL}; {IN_PER_CENT}", summary="Keltner channel: width.",
    ),
    _keltner(
        name="keltner_channel_pband", still=Still.WINDOW, formula="(close - lower) / (upper - lower)",
        convention=_ORIGINAL, summary="Where the close stands in the Keltner channel.",
    ),
    _keltner(
        name="keltner_channel_hband_indicator", unit="yes/no", still=Still.WINDOW, formula="close > upper band",
        convention=_ORIGINAL, summary="Whether the close is above the Keltner channel.",
    ),
    _keltner(
        name="keltner_channel_lband_indicator", unit="yes/no", still=Still.WINDOW, formula="close < lower band",
        convention=_ORIGINAL, summary="Whether the close is below the Keltner channel.",
    ),
    _donchian(
        name="donchian_channel_hband", windows={"window": 20}, unit="same", formula="highest high of window bars",
        convention="this bar included", summary="Donchian channel: upper band.",
    ),
    _donchian(
        name="donchian_channel_lband", windows={"window": 20}, unit="same", formula="lowest low of window bars",
        convention="this bar included", summary="Donchian channel: lower band.",
    ),
    _donchian(
        name="donchian_channel_mband", windows={"window": 10}, unit="same", formula="(upper + lower) / 2",
        convention="this bar included", summary="Donchian channel: middle.",
    ),
    _donchian(
        name="donchian_channel_wband", windows={"window": 10}, unit="percent", bounds=(0.0, None),
        formula="100 (upper - lower) / mean close over window", convention=IN_PER_CENT,
        summary="Donchian channel: width.",
    ),
    _donchian(
        name="donchian_channel_pband", windows={"window": 10}, bounds=(0.0, 1.0),
        formula="(close - lower) / (upper - lower)", convention="this bar included",
        summary="Where the close stands in the Donchian channel.",
    ),
)  # fmt: skip

VOLUMES = (
    Indicator(
        name="chaikin_money_flow", module="volume", inputs=ALL_FOUR, windows={"window": 20}, look_back=window(),
        bounds=(-1.0, 1.0), source="Chaikin, as in StockCharts' ChartSchool", summary="Chaikin money flow.",
        formula="sum(m volume) / sum(volume) over window, m = ((close - low) - (high - close)) / (high - low)",
        convention="m is 0 on a bar without range",
    ),
    Indicator(
        name="money_flow_index", module="volume", inputs=ALL_FOUR, windows=_N14, look_back=window(more=1),
        bounds=(0.0, 100.0), source="Quong and Soudack (1989), as in StockCharts' ChartSchool",
        formula="100 P / (P + N): p volume, p = (high + low + close) / 3, summed over the bars of the window on "
        "which p rose (P) and fell (N)", summary="Money flow index.",
    ),
    Indicator(
        name="force_index", module="volume", inputs=CLOSE_VOLUME, windows={"window": 13}, look_back=window(more=1),
        warm_up=times(20, "window"), formula="ema((close - close[1 bar ago]) volume, window)",
        convention="in price times volume: no pure number", source="Elder (1993), Trading for a Living",
        summary="Force index.",
    ),
    Indicator(
        name="ease_of_movement", module="volume", inputs=HIGH_LOW_VOLUME, windows=_N14, look_back=lambda _: 2,
        formula="1e8 (m - m[1 bar ago]) (high - low) / volume, m = (high + low) / 2",
        convention=f"no pure number; {WITHOUT_EFFECT.format('window')}",
        source="Arms, as in StockCharts' ChartSchool", summary="Ease of movement of one bar.",
    ),
    Indicator(
        name="sma_ease_of_movement", module="volume", inputs=HIGH_LOW_VOLUME, windows=_N14,
        look_back=window(more=1), formula="mean of ta.ease_of_movement over window", convention="no pure number",
        source="Arms, as in StockCharts' ChartSchool", summary="Ease of movement, smoothed.",
    ),
    Indicator(
        name="volume_weighted_average_price", module="volume", inputs=ALL_FOUR, windows=_N14, look_back=window(),
        unit="same", formula="sum(p volume) / sum(volume) over window, p = (high + low + close) / 3",
        convention="over window bars, not since the open", source="definition",
        summary="Volume-weighted average price.",
    ),
)  # fmt: skip

OF_BARS = (*DIRECTION, *ICHIMOKU, *OSCILLATORS, *RANGES, *VOLUMES)
