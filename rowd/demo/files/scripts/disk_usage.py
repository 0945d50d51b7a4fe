"""How full the disk under this folder is. Fails above the limit (percent)."""

import os
import shutil
import sys

usage = shutil.disk_usage(".")
used = round(100 * usage.used / (usage.used + usage.free), 1)
with open(os.environ["ROWD_OUTPUT"], "a") as outputs:
    outputs.write(f"used={used}\nfree_gb={usage.free / 1e9:.1f}\n")
print(f"{used} % used, {usage.free / 1e9:.1f} GB free")
if used > float(sys.argv[1]):
    sys.exit(f"more than {sys.argv[1]} % used")
