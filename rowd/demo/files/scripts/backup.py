"""Pack a folder into a dated archive; keep the newest five."""

import pathlib
import sys
import tarfile
import time

source, target = map(pathlib.Path, sys.argv[1:3])
target.mkdir(exist_ok=True)
archive = target / f"{source.name}_{time.strftime('%Y%m%d_%H%M%S')}.tar.gz"
with tarfile.open(archive, "w:gz") as packed:
    packed.add(source)
for old in sorted(target.glob(f"{source.name}_*.tar.gz"))[:-5]:
    old.unlink()
print(f"{archive}, {archive.stat().st_size} bytes")
