"""The resolution budget of a chip: every word, its width, and what one LSB of it stands for."""

from ...golden.blocks.lib.fixed import limit
from ...golden.blocks.update.optimizer import FRACTION, MOMENTUM_BITS
from ...golden.chip.chip import Chip
from ...golden.chip.chip_loop import Loop


def resolution(chip: Chip) -> list[tuple[str, str, str]]:
    """Every word of the chip: what it is, its width, and what one LSB stands for in real units."""
    config, array = chip.config, chip.config.array
    weight = config.weights
    adc = chip.neuron.adc_unit
    swing = chip.crossbar.amplitude * chip.codes.peak
    rows = [
        ("parameter (theta)" if chip.optimizer else "state of a device", f"{weight.bits} bits",
         f"{chip.state_unit:.3g} of weight, +-{weight.range:g} at full scale"),
        ("weight DAC of a cell", f"{weight.dac_bits} bits", f"{chip.weight_unit:.3g} of weight"),
        ("largest perturbation", f"{swing} LSB of the weight DAC", f"{swing * chip.weight_unit:.3g} of weight"),
        ("input DAC of a line", f"{array.input_bits} bits",
         f"{1 / limit(array.input_bits):.3g}, +-1 at full scale"),
        ("sum of a neuron", f"{chip.crossbar.sum_bits} bits", "exact"),
        ("ADC of a neuron", f"{array.adc_bits} bits",
         f"{adc:.3g} of the neuron's input, +-{adc * chip.crossbar.adc_bound:.3g} at full scale"),
        ("output", f"{array.output_bits} bits", f"{1 / limit(array.output_bits):.3g}, +-1 at full scale"),
        ("cost sum S of a rail", f"{chip.cost.sum_bits} bits", "exact"),
        ("cost difference C~", f"{chip.cost.bits} bits",
         f"{chip.cost.unit:.3g} of cost"),
    ]  # fmt: skip
    if chip.loop:
        rows += _loop(chip, chip.loop)
    else:
        bits = f"{chip.correlator.bits} bits" + ", not stored" * chip.correlator.replay
        rows.append(("gradient word G", bits, f"{chip.gradient_unit:.3g} of dC/dtheta"))
    if chip.ttv2 and not chip.loop:
        thresholds = ", ".join(str(value) for _, value in chip.ttv2.schedule)
        rows.append(("filter word H", f"{chip.ttv2.bits} bits", f"threshold {thresholds} LSB of G"))
    if chip.optimizer:
        unit = chip.state_unit / chip.gradient_unit / 2**chip.optimizer.shift
        etas = ", ".join(_etas(rates, unit) for _, rates in chip.optimizer.schedule)
        rows.append(("rate", "8 bits", f"{unit:.3g} of eta; eta is {etas}"))
        if chip.optimizer.momentum:
            rows.append(("momentum word M", f"{MOMENTUM_BITS} bits", f"{chip.state_unit / 2**FRACTION:.3g} of weight"))
    if chip.average:
        unit = chip.weight_unit / (1 if chip.average.cumulative else 2**chip.average.fraction)
        rows.append(("word V of the average", f"{chip.average.bits} bits", f"{unit:.3g} of weight"))
    return rows


def _loop(chip: Chip, loop: Loop) -> list[tuple[str, str, str]]:
    """Words of the path `tiki-taka`."""
    unit, ttv2 = chip.state_unit * 2**loop.settings.read_shift, loop.ttv2
    thresholds = ", ".join(" / ".join(map(str, values)) for _, values in loop.thresholds)
    return [
        ("state of a device of A", f"{loop.fast.bits} bits",
         f"{chip.state_unit:.3g} of weight, a pulse {loop.fast.step * chip.state_unit:.3g}"),
        ("reading of A", f"{loop.settings.read_bits} bits", f"{unit:.3g} of weight"),
        ("filter word H", f"{ttv2.bits} bits",
         f"{unit / 2**ttv2.fraction:.3g} of weight, threshold {thresholds} LSB"),
    ]  # fmt: skip


def _etas(rates: tuple[int, ...], unit: float) -> str:
    """The step size of all layers, or each one's."""
    return " / ".join(f"{rate * unit:.3g}" for rate in (rates if len(set(rates)) > 1 else rates[:1]))
