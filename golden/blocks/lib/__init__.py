"""What all blocks are made of: fixed point, random words, words of lanes."""
