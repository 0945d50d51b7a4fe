"""What the tasks run: it bears witness before anything else, in a file that rowd doesn't know of.

Called with seconds to sleep, and how many of the first attempts are to fail. Nothing but the standard library, and little of it.
"""

import os
import sys
import time


def note(*words: object) -> None:
    """One line, synced before anything else is done."""
    log = os.open(os.environ["WITNESS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(log, ("\t".join(map(str, words)) + "\n").encode())
    os.fsync(log)
    os.close(log)


def main() -> int:
    run, attempt = os.environ["ROWD_RUN_ID"], int(os.environ["ROWD_ATTEMPT"])
    note("start", time.time(), run, attempt, os.environ["ROWD_TASK"], os.environ["ROWD_DUE"], os.getpgrp())
    sleep, failures = float(sys.argv[1]), int(sys.argv[2])
    time.sleep(sleep)
    code = 1 if attempt <= failures else 0
    print(f"attempt {attempt} was told to fail" if code else "done")
    note("end", time.time(), run, attempt, code)
    return code


if __name__ == "__main__":
    sys.exit(main())
