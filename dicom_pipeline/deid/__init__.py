"""Identity: keys, pseudonyms, date shifts, rules. Nothing here knows SQL or Dagster."""
