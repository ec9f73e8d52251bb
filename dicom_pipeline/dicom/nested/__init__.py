"""Headers as typed, nested columns: what there is, which type it has, its values."""
