"""Published equations against derived ones: whether they say the same."""
