"""The forward sweep over words of lanes, played back by hand."""

import pytest

from ohmgrad.golden.blocks.lib.layout import Layout

LANES = (1, 2, 4, 16, 64)
SHAPES = [(1, 1), (2, 2, 1), (3, 1, 2), (5, 7, 3), (15, 4, 4), (16, 5), (49, 4, 4), (64, 16, 10), (2, 1, 1, 1, 9),
          (100, 1), (1, 64, 1)]  # fmt: skip


def parameters(layers):
    """(layer, neuron, column) of every parameter in order; the last column is the bias."""
    return [
        (layer, row, column)
        for layer, (inputs, neurons) in enumerate(zip(layers[:-1], layers[1:], strict=True))
        for row in range(neurons)
        for column in range(inputs + 1)
    ]


def play(layout):
    """What a multiply-accumulate that follows the cursor does: (index, layer, neuron, column) and closes."""
    done, closed, row, layer = [], [], 0, 0
    for op in layout.cursor():
        if op.layer != layer:
            layer, row = op.layer, 0
        columns = layout.columns[layer]
        current = [lane for lane in range(layout.lanes) if 0 <= op.base + lane < columns]
        done += [(op.word * layout.lanes + lane, layer, row, op.base + lane) for lane in current]
        if op.close:
            closed.append((layer, row))
            row += 1
        if op.carry:
            assert op.close
            following = [lane for lane in range(layout.lanes) if op.base + lane >= columns]
            done += [(op.word * layout.lanes + lane, layer, row, op.base + lane - columns) for lane in following]
            assert op.base + layout.lanes - 1 - columns < columns - 1, "a second neuron ends in one operation"
    return done, closed


@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("layers", SHAPES)
def test_every_parameter_is_multiplied_once_with_its_column(layers, lanes):
    layout = Layout(layers, lanes)
    done, closed = play(layout)
    assert done == [(i, *place) for i, place in enumerate(parameters(layers))]
    assert closed == [(k, row) for k, rows in enumerate(layers[1:]) for row in range(rows)]


@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("layers", SHAPES)
def test_a_close_is_where_the_neuron_ends(layers, lanes):
    layout = Layout(layers, lanes)
    for op in layout.cursor():
        end = layout.columns[op.layer] - 1 - op.base
        assert op.close == (0 <= end < lanes)


@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("layers", SHAPES)
def test_words_are_read_in_order_and_each_is_left_once(layers, lanes):
    layout = Layout(layers, lanes)
    operations = list(layout.cursor())
    words = [op.word for op in operations if op.advance]
    assert words == list(range(layout.words)) and operations[-1].advance
    assert layout.words == -(-len(parameters(layers)) // lanes)
    assert len(operations) <= layout.words + layout.neurons, "more than one extra clock a neuron"


@pytest.mark.parametrize("layers", SHAPES)
def test_sizes(layers):
    layout = Layout(layers, 4)
    places = parameters(layers)
    assert layout.parameters == len(places)
    assert layout.offsets == tuple(places.index((k, 0, 0)) for k in range(len(layers) - 1))
    assert layout.neurons == len({place[:2] for place in places})


def test_letters_fill_14_words_of_16():
    layout = Layout((49, 4, 4), 16)
    assert (layout.parameters, layout.words) == (220, 14)
    assert len(list(layout.cursor())) < 20
