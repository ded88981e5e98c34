"""How every block computes it: the same names as in `ohmgrad.golden`, in Amaranth."""
