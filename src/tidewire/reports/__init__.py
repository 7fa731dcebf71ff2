"""What the ledger says about a release, for its issuer and the desk: counted, timed, drawn."""
