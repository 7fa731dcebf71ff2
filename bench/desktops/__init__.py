"""What the stream's benchmark needs around it: desktops that count, a wire, and the peer."""
