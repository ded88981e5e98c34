"""Long runs whose last results are kept in docs/results."""
