"""`scripts/bench`: speed, each figure beside what it is held against."""
