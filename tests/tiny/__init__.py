"""A toy world, and real tiny models of it: what the slow-free tests of the whole path inspect."""
