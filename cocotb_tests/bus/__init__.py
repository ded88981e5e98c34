"""Buses: registers and memories through masters that are not ours, and streams."""
