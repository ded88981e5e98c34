"""Which step, pattern and sample it is, and the host's registers."""
