"""The command `rowd`, also as `python -m rowd`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run one command. `--version` answers before anything heavy is imported."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from rowd import __version__

        sys.stdout.write(f"rowd {__version__}\n")
        return
    try:
        from rowd.cli import app

        app()
    except KeyboardInterrupt:  # while the command was still being loaded
        sys.exit(130)


if __name__ == "__main__":
    main()
