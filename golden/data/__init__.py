"""Data sets, and the file formats that they come in."""
