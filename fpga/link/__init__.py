"""The board's side of the link, in RTL."""
