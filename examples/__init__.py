"""Chip descriptions that work."""
