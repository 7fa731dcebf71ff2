"""Filing: one file for each delivery, put where an outlet fetches it; for SFTP and FTPS."""
