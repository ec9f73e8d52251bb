"""Where files come from: folders and archives, into the provider bucket."""
