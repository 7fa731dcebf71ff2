"""The vault: what waits is sealed at rest, and each opening before its moment is in the ledger."""
