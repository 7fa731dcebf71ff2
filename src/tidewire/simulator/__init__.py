"""A world to send to: sinks and people with realistic faults, seeded, so that the truth is known.

The product never imports it; only the commands `simulate` and `demo` do.
"""
