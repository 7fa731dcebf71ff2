"""XLIFF 2.1 (OASIS Standard): out to a translator's tool, and back in."""
