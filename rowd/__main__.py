"""The command `rowd`, also as `python -m rowd`."""

from __future__ import annotations

import sys

from rowd.streams import VOICE


def main() -> None:
    """Run one command. `--version` answers before anything heavy is imported."""
    VOICE.install()
    sys.exit(VOICE.end(_status(sys.argv[1:])))


def _status(words: list[str]) -> int:
    """The exit status of this command line, as far as the command itself knows it."""
    if words in (["--version"], ["-V"]):
        from rowd import __version__

        sys.stdout.write(f"rowd {__version__}\n")
        return 0
    try:
        from rowd.cli import app

        app()
    except KeyboardInterrupt:  # while the command was still being loaded
        return 130
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else 0
    return 0


if __name__ == "__main__":
    main()
