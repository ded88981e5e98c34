"""The float physics of the analog crossbar, with aihwkit's names, defaults and conventions.

    from ohmgrad.golden.analog import presets
    from ohmgrad.golden.analog.array import AnalogArray

    array = AnalogArray(presets.EcRam, rows=10, columns=20, seed=1)
    y = array.forward(x)
    array.update(x, d, lr=0.01)         W -= lr d x^T in the mean

Devices: `devices` (models, samples of an array, one pulse), `presets`, `one_sided` (pairs with refresh), `ageing`
(decay, diffusion, drift, reset), `zero_shift`. Reads and writes: `periphery`, `wires`, `update`, `array`,
`write_verify`, `difference` (two arrays read against each other).
"""
