"""What all blocks are made of: streams, memories, fixed point, random words, words of lanes."""
