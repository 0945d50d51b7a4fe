"""Write the run history to a CSV file, asking rowd itself for it."""

import csv
import json
import pathlib
import subprocess
import sys

answer = subprocess.run([sys.executable, "-m", "rowd", "history", "--limit", "1000", "--json"], capture_output=True, text=True)
if answer.returncode:
    sys.exit(answer.stderr)
document = json.loads(answer.stdout)
records = document["history"] if isinstance(document, dict) else document
report = pathlib.Path(sys.argv[1])
report.parent.mkdir(exist_ok=True)
columns = ["id", "table", "task", "due", "outcome", "reason", "attempt"]
with report.open("w", newline="") as file:
    lines = csv.DictWriter(file, columns, extrasaction="ignore")
    lines.writeheader()
    lines.writerows(records)
print(f"{len(records)} records in {report}")
