"""rowd: the daemon whose crontab is a shared table."""

__version__ = "0.1.0"
