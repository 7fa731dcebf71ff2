"""The FTPS channel: a file for each delivery, on an outlet's own server, with explicit TLS."""
