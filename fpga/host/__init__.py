"""The host library: a chip that is simulated, or on a board, from Python."""
