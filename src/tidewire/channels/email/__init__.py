"""The email channel: signed mail to a relay, and what comes back from it."""
