"""The protocol between a host and a board."""
