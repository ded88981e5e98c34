"""The resolution budget of a chip: every word, its width, and what one LSB of it stands for."""

from ...golden.blocks.lib.fixed import limit
from ...golden.chip.chip import Chip


def resolution(chip: Chip) -> list[tuple[str, str, str]]:
    """Every word of the chip: what it is, its width, and what one LSB stands for in real units."""
    config, array = chip.config, chip.config.array
    weight = config.weights
    adc = chip.neuron.adc_unit
    swing = chip.crossbar.amplitude * chip.codes.peak
    rows = [
        ("state of a device" if chip.path.pulsed else "parameter (theta)", f"{weight.bits} bits",
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
    rows += chip.path.units(chip)
    if chip.average:
        unit = chip.weight_unit / (1 if chip.average.cumulative else 2**chip.average.fraction)
        rows.append(("word V of the average", f"{chip.average.bits} bits", f"{unit:.3g} of weight"))
    return rows
