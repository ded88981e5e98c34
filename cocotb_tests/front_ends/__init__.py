"""That front ends keep the timing of converters and drivers, and agree with golden bit for bit."""
