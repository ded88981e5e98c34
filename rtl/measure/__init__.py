"""From samples and outputs to a cost that has arrived."""
