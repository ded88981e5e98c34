"""From a chip file to the integers of every block, and to what a host sees of the chip."""
