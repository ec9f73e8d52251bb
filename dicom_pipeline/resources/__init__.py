"""Places: buckets, the warehouse, the compressor, alerts."""
