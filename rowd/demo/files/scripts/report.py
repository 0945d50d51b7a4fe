"""Write the run history to a CSV file, asking rowd itself for it."""

import csv
import json
import pathlib
import subprocess
import sys

answer = subprocess.run([sys.executable, "-m", "rowd", "history", "--limit", "1000", "--json"], capture_output=True, text=True)
if answer.returncode:
    sys.exit(answer.stderr)
records = json.loads(answer.stdout)["runs"]
report = pathlib.Path(sys.argv[1])
report.parent.mkdir(exist_ok=True)
columns = ["run", "table", "task", "due", "outcome", "reason", "attempt", "duration_s"]
with report.open("w", newline="") as file:
    lines = csv.DictWriter(file, columns, extrasaction="ignore")
    lines.writeheader()
    lines.writerows(records)
print(f"{len(records)} records in {report}")
