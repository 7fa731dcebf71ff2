"""What the benchmarks of a whole moment share: a loaded home, sinks, screens, and a meter."""
