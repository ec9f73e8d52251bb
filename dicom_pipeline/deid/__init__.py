"""Identity: keys, pseudonyms, shifts, rules. Pure."""
