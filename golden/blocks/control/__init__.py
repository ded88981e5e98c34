"""Which step, pattern and sample it is."""
