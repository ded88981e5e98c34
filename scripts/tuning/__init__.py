"""What `ohmgrad tune` does: a short search on golden for the values of a chip file."""
