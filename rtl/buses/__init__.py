"""What connects the blocks: streams and the host port."""
