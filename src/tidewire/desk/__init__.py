"""The desk: the queue, and what editors decide about a release. It never publishes."""
