"""What every block computes, in NumPy: the definition that the RTL is held against."""
