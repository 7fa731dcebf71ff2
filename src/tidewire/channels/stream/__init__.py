"""The live stream to desktops: server-sent events from a gateway that is its own process."""
