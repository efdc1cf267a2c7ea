"""Office files are zip archives: the same parts give the same bytes, whatever the clock and the system."""

from __future__ import annotations

import io
import zipfile

# The earliest date a zip archive can hold: it says plainly that the clock was not read.
FIXED = (1980, 1, 1, 0, 0, 0)


def normalised(archive: bytes) -> bytes:
    """The same archive with its parts sorted by name, one fixed date and one system of origin."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(out, "w") as target:
        for name in sorted(source.namelist()):  # "[Content_Types].xml" comes first, as Word wants it
            part = zipfile.ZipInfo(name, date_time=FIXED)
            part.compress_type = zipfile.ZIP_DEFLATED
            part.create_system = 0
            part.external_attr = 0
            target.writestr(part, source.read(name), compresslevel=6)
    return out.getvalue()
