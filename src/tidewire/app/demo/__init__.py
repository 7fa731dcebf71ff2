"""The demo: a real release to a whole simulated world, and the ledger held against the truth."""
