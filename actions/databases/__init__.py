"""Databases, asked for reading alone: for watched sources, and for facts."""
