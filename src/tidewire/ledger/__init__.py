"""The ledger: append-only, hash-chained evidence of what was started and how it ended."""
