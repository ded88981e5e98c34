"""What the front ends do between the streams of an array and its converters, drivers and buses."""
