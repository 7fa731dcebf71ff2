"""The SFTP channel: a file for each delivery, on an outlet's own server."""
