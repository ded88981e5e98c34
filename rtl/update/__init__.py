"""From costs to new weights, or to pulses."""
