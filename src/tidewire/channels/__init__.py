"""The ways out. Each channel is one folder; none knows another; none retries or decides."""
