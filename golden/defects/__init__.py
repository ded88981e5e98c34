"""Noise and defects of an array, which golden alone computes with."""
