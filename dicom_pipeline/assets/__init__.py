"""Moments: when an asset is made and from what; one module per layer."""
