"""What stands around a crossbar in a matrix-vector product: converters, their noise, and management of both ranges.

Names and conventions are aihwkit's (`IOParameters`). Per vector:

input   scale by 1/alpha -> round to steps of 2 inp_res inp_bound, half to even -> clip -> noise -> asymmetry
output  wires, offsets, read noise -> bend -> asymmetry -> noise -> round to steps of 2 out_res out_bound -> clip
result  out_scale alpha y

All of it is float32, because a code next to a half-way value depends on it. `mvm` computes it.
"""

from dataclasses import dataclass, field, fields
from math import inf, isfinite
from typing import Any, NamedTuple

import numpy as np

from ..inputs import generator, integer, number, require, settings

IDEAL, ONE_PASS, POS_NEG, POS_NEG_DIGITAL = range(4)
NONE, ABS_MAX, ABS_MAX_NP_SUM, MAX, CONSTANT, AVERAGE_ABS_MAX = range(6)
ITERATIVE, ITERATIVE_WORST_CASE, SHIFT = range(1, 4)
ADDITIVE_CONSTANT, PCM_READ = range(1, 3)
PASSES = "ideal", "one-pass", "pos-neg-separate", "pos-neg-separate-digital-sum"
NOISE = "none", "abs-max", "abs-max-np-sum", "max", "constant", "average-abs-max"
BOUND = "none", "iterative", "iterative-worst-case", "shift"
WEIGHT_NOISE = "none", "additive-constant", "pcm-read"

SETTINGS = np.dtype(
    [(name, np.int8) for name in ("passes", "noise", "bound", "weight_noise", "voltages", "test_negative")]
    + [(name, np.bool_) for name in ("inp_sto_round", "out_sto_round", "plain")]
    + [(f"{end}_{name}", np.float32) for end in ("inp", "out") for name in ("bound", "step", "noise", "asymmetry")]
    + [(name, np.float32) for name in ("out_scale", "bend", "w_noise", "ir_drop", "g_ratio", "r_series", "w_min")]
    + [(name, np.float32) for name in ("max_factor", "max_steps", "thres", "decay", "w_max", "average")],
    align=True,
)
"""One record: the settings of a periphery as its kernel takes them, and the running mean of average-abs-max."""
NOISE_STD, OFFSET, BEND = range(3)
"""Rows of `Ends.lines`."""


class Ends(NamedTuple):
    """The periphery of one direction of one array, as `mvm` takes it.

    Attributes
    ----------
    settings : SETTINGS array, shape (1,)
    lines : float32 array, shape (3, outputs)
        Of each output line: standard deviation of its noise, voltage offset, nonlinearity.
    polarity : float32 array, shape (rows, columns), or (0, 0) where there is no such spread
        Factor of each weight under negative inputs.
    """

    settings: np.ndarray
    lines: np.ndarray
    polarity: np.ndarray


def choice(place: str, value: str, choices: tuple[str, ...]) -> str:
    """One of the choices; aihwkit's spelling (ABS_MAX) is taken too."""
    name = value.lower().replace("_", "-") if isinstance(value, str) else ""
    require(name in choices, place, value, "one of " + ", ".join(choices))
    return name


@dataclass(frozen=True, kw_only=True)
class Periphery:
    """Periphery of one direction of a crossbar.

    Attributes
    ----------
    is_perfect : bool
        The bare product, times `out_scale`.
    mv_type : str
        One of PASSES: positive and negative inputs in one pass, in two that are added before the ADC, or after it.
    inp_bound, out_bound : float
        Ranges of DAC and ADC, +-.
    inp_res, out_res : float
        Their resolution in parts of the range 2 bound, or its inverse if above 1; <= 0: not rounded.
    inp_sto_round, out_sto_round : bool
        Stochastic rounding.
    inp_noise, out_noise : float
        Standard deviations, added after the DAC and before the ADC.
    inp_asymmetry, out_asymmetry : float
        Negative values are (1 - a) of what they should be.
    out_noise_std : float
        Spread of `out_noise` from line to line.
    out_scale : float
        Factor of the result.
    noise_management : str
        One of NOISE, alpha: 1, max|x|, the larger of max|x| and max(sum of x > 0, -sum of x < 0) nm_assumed_wmax /
        out_bound, max x, `nm_thres`, or a running mean of max|x| with weight `nm_decay`.
    nm_thres : float
        Upper limit of alpha, if above 0.
    bound_management : str
        One of BOUND, forward only. iterative: double alpha until no output clips; iterative-worst-case: then use
        abs-max-np-sum; shift: take the overshoot of the largest output from all.
    max_bm_factor, max_bm_res : float
        The iteration also stops once its factor is above the first, or an input step is above `max_bm_res` / factor.
    bm_test_negative_bound : bool
        Whether -out_bound counts as clipping too.
    w_noise : float
        Noise of each weight at each read, as seen at the output; `w_noise_type` one of WEIGHT_NOISE: standard deviation
        w_noise, or w_noise sqrt|w|.
    ir_drop, ir_drop_g_ratio : float
        Scale of the voltage drop along an output wire, and conductance of a piece of wire / largest of a cell; see
        `wires`.
    out_nonlinearity, out_nonlinearity_std, slope_calibration : float
        y / (1 + n |y|), n = out_nonlinearity / out_bound (1 + std xi) of each line; calibrated to slope 1 at
        `slope_calibration` out_bound.
    v_offset_std, v_offset_w_min, r_series : float
        Offset V = max(std xi, 0) of each line and series resistance, see `wires.offset`.
    w_read_asymmetry_dtod : float
        Weights are (1 + f xi) of their value under negative inputs; needs a pass of their own.
    """

    is_perfect: bool = False
    mv_type: str = "one-pass"
    inp_bound: float = 1.0
    inp_res: float = 1 / 126
    inp_noise: float = 0.0
    inp_sto_round: bool = False
    inp_asymmetry: float = 0.0
    out_bound: float = 12.0
    out_res: float = 1 / 510
    out_noise: float = 0.06
    out_noise_std: float = 0.0
    out_sto_round: bool = False
    out_scale: float = 1.0
    out_asymmetry: float = 0.0
    bound_management: str = "iterative"
    noise_management: str = "abs-max"
    w_noise: float = 0.0
    w_noise_type: str = "none"
    ir_drop: float = 0.0
    ir_drop_g_ratio: float = 1 / 0.35 / 5e-6
    out_nonlinearity: float = 0.0
    out_nonlinearity_std: float = 0.0
    slope_calibration: float = 0.0
    v_offset_std: float = 0.0
    v_offset_w_min: float = -1.0
    r_series: float = 0.0
    w_read_asymmetry_dtod: float = 0.0
    max_bm_factor: float = 1000
    max_bm_res: float = 0.25
    bm_test_negative_bound: bool = True
    nm_thres: float = 0.0
    nm_decay: float = 1e-3
    nm_assumed_wmax: float = 0.6
    _codes: tuple[int, int, int, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        settings(self, "inp_bound", "out_bound")
        number("Periphery.nm_decay", self.nm_decay, 0, 1)
        codes, managed = [], (("noise_management", NOISE), ("bound_management", BOUND))
        for name, choices in (("mv_type", PASSES), *managed, ("w_noise_type", WEIGHT_NOISE)):
            value = choice(f"Periphery.{name}", getattr(self, name), choices)
            object.__setattr__(self, name, value)
            codes.append(choices.index(value))
        object.__setattr__(self, "_codes", tuple(codes))
        for part in fields(self):
            value = getattr(self, part.name)
            if part.type is float and part.name not in ("inp_res", "out_res", "out_scale", "v_offset_w_min"):
                require(value >= 0, f"Periphery.{part.name}", value, "a number from 0")
        for end in ("inp", "out"):
            bound, rounded = getattr(self, f"{end}_bound"), getattr(self, f"{end}_res") > 0
            allowed = bound > 0 and (isfinite(bound) or not rounded)
            require(allowed, f"Periphery.{end}_bound", bound, f"a number above 0, inf only with {end}_res <= 0")

    def ends(self, inputs: int, outputs: int, seed: int = 0, forward: bool = True) -> Ends:
        """Draw what differs from line to line, once for an array.

        Parameters
        ----------
        inputs, outputs : int
            Lines that this direction drives and reads: columns and rows of the array; backward rows and columns.
        seed : int
        forward : bool
            Backward reads never have bound management.
        """
        inputs, outputs = integer("Periphery.ends: inputs", inputs, 1), integer("Periphery.ends: outputs", outputs, 1)
        rng = generator("Periphery.ends: seed", seed)
        lines = np.zeros((3, outputs), np.float32)
        lines[NOISE_STD] = abs(self.out_noise * (1 + self.out_noise_std * rng.standard_normal(outputs)))
        lines[OFFSET] = np.maximum(self.v_offset_std * rng.standard_normal(outputs), 0)
        whole = self.out_bound if isfinite(self.out_bound) else 1.0
        spread = 1 + self.out_nonlinearity_std * rng.standard_normal(outputs)
        lines[BEND] = abs(self.out_nonlinearity / whole * spread)
        polarity = np.zeros((0, 0), np.float32)
        if self.w_read_asymmetry_dtod:
            shape = (outputs, inputs) if forward else (inputs, outputs)
            polarity = (1 + self.w_read_asymmetry_dtod * rng.standard_normal(shape)).astype(np.float32)
        gain = 1 + (float(lines[BEND].mean()) + self.r_series) * self.slope_calibration * whole
        return Ends(self._settings(gain * gain, forward), lines, polarity)

    def _settings(self, bend: float, forward: bool) -> np.ndarray:
        passes, noise, bound, weight_noise = self._codes
        steps = {end: _step(getattr(self, f"{end}_res"), getattr(self, f"{end}_bound")) for end in ("inp", "out")}
        values: dict[str, Any] = {
            **{part.name: getattr(self, part.name) for part in fields(self) if part.name in (SETTINGS.names or ())},
            "passes": IDEAL if self.is_perfect else passes,
            "noise": noise,
            "bound": bound if forward else NONE,
            "weight_noise": weight_noise if self.w_noise else NONE,
            "voltages": self.v_offset_std > 0 or self.r_series > 0,
            "test_negative": self.bm_test_negative_bound,
            "inp_step": steps["inp"],
            "out_step": steps["out"],
            "bend": bend,
            "g_ratio": self.ir_drop_g_ratio,
            "w_min": self.v_offset_w_min,
            "max_factor": self.max_bm_factor,
            "max_steps": np.float32(self.max_bm_res) / steps["inp"] if steps["inp"] > 0 else inf,
            "thres": self.nm_thres,
            "decay": self.nm_decay,
            "w_max": self.nm_assumed_wmax,
            "average": -1.0,
        }
        wires = self.ir_drop or self.w_noise or values["voltages"] or self.out_nonlinearity or self.slope_calibration
        values["plain"] = passes == ONE_PASS and not (wires or self.out_asymmetry)
        return np.array([tuple(values[name] for name in SETTINGS.names or ())], SETTINGS)


def _step(res: float, bound: float) -> np.float32:
    """Size of a converter's step; 0: none."""
    if res <= 0:
        return np.float32(0)
    part = np.float32(res) if res <= 1 else np.float32(1) / np.float32(res)
    return part * np.float32(2) * np.float32(bound)
