"""`rowd.toml`, `.env` and the environment in; validated settings out."""
