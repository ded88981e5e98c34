"""Weights as a header for C: integers of fixed point, with what one LSB is."""

import numpy as np

from ..chip.chip import Chip


def written(chip: Chip, words: np.ndarray) -> bytes:
    """A header with the codes that the cells have: one array of weights and one of biases a layer.

    Parameters
    ----------
    chip : Chip
    words : int32 array, shape (P,)
        Words of theta, or states of devices.
    """
    section, codes = chip.config.weights, words >> chip.crossbar.drop
    bits = next(width for width in (8, 16) if section.dac_bits <= width)
    guard = f"OHMGRAD_{chip.config.name.upper().replace('-', '_')}_H"
    lines = [
        f"/* Weights of {chip.config.name}, written by ohmgrad: signed integers of {section.dac_bits} bits.",
        f"   A weight is an integer times OHMGRAD_UNIT = {section.range:g} / 2^{section.dac_bits - 1}.",
        "   A layer gives f(sum of weights times inputs, plus bias); inputs and outputs are within +-1.",
        "   Rows are neurons, columns are inputs. Activations:",
        *(f"   layer {k}: {name}" for k, name in enumerate(chip.config.activations)),
        "*/",
        f"#ifndef {guard}",
        f"#define {guard}",
        "#include <stdint.h>",
        f"#define OHMGRAD_LAYERS {len(chip.layout.rows)}",
        f"#define OHMGRAD_WEIGHT_BITS {section.dac_bits}",
        f"#define OHMGRAD_UNIT {chip.weight_unit!r}",
    ]
    for k, matrix in enumerate(chip.matrices(codes)):
        rows, columns = matrix[:, :-1].shape
        inner = ",\n".join(f"    {{{', '.join(map(str, row))}}}" for row in matrix[:, :-1].tolist())
        biases = ", ".join(map(str, matrix[:, -1].tolist()))
        lines += [
            f"#define OHMGRAD_ROWS_{k} {rows}",
            f"#define OHMGRAD_COLUMNS_{k} {columns}",
            f"static const int{bits}_t ohmgrad_weight_{k}[{rows}][{columns}] = {{\n{inner}\n}};",
            f"static const int{bits}_t ohmgrad_bias_{k}[{rows}] = {{{biases}}};",
        ]
    return "\n".join([*lines, "#endif", ""]).encode()
