"""Learning through a fast array: pulse trains onto it, its lines through the filter."""
