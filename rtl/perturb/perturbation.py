"""Perturbations: what this sweep adds to the weights, and what the last cost is correlated with.

    codes (this sweep) [-> outer] -> silencer -> sign
    codes (last sweep) [-> outer] --------> factors
"""

from amaranth.hdl import Module, Value

from ...golden.blocks.perturb.outer import LAYER, RANK_ONE
from ...golden.chip.chip import Chip
from ..lib.streams import join
from .codes import CodeGenerator
from .outer import OuterProducts
from .silencer import Silencer


class Perturbations:
    """Generators of both codes, wired into a module.

    Parameters
    ----------
    m : Module
        Gets the blocks as submodules.
    chip : golden.chip.chip.Chip
    now : payload of `StepSequencer.present`
    seed : Value

    Attributes
    ----------
    sinks : list of streams
        What takes a presented pattern; valid is the caller's to drive.
    sign : stream of words for the array.
    factors : stream of words for the correlator; None with a window, which makes its own; in the path `tiki-taka`
        the code's values of neurons, or of neurons and lines, for the pulse trains.
    lines, hidden : lists of streams
        What takes line codes of the samples and of the hidden neurons, beside the array; or of groups all lines'.
    """

    def __init__(self, m: Module, chip: Chip, now, seed: Value):
        self._seed = seed
        self.lines, self.hidden = [], []
        m.submodules.silencer = silencer = Silencer(chip.layout, chip.codes.bits)
        m.d.comb += silencer.silent.payload.eq(now.unperturbed)
        self.sinks = [silencer.silent]
        words = self._side(m, chip, "now", now.pattern, now.position, now.turn)
        join(m, words, silencer.values)
        self.sign, self.factors = silencer.sign, None
        if not chip.window:
            self.factors = self._side(m, chip, "last", now.last_pattern, now.last_position, now.last_turn)

    def _side(self, m: Module, chip: Chip, name: str, number, position, turn):
        """Words of one of the two codes."""
        factors, layout = name == "last", chip.layout
        code = chip.factor_codes if factors else chip.codes
        m.submodules[f"codes_{name}"] = codes = CodeGenerator(code, layout.lanes, self._seed)
        m.d.comb += [codes.pattern.payload.number.eq(number), codes.pattern.payload.position.eq(position)]
        self.sinks.append(codes.pattern)
        if not chip.outer or (factors and not chip.path.gradient):
            return codes.signs
        m.submodules[f"outer_{name}"] = outer = OuterProducts(chip.outer, layout, code, factors)
        join(m, codes.signs, outer.values)
        if chip.outer.method == LAYER:
            m.d.comb += outer.turn.payload.eq(turn)
            self.sinks.append(outer.turn)
        if factors and chip.outer.method != RANK_ONE:
            self.lines.append(outer.line)
            if layout.layers:
                self.hidden.append(outer.hidden)
        return outer.product
