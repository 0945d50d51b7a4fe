"""When things run: decisions that are values, and the shell that carries them out."""
