"""The chip on boards: top level, pins, clocks."""
