"""Perturbations: codes, and their outer products."""
