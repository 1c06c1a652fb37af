"""Zip packages (.docx, .odt) with the same bytes each time they are made."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip file can state


def settled(package: bytes) -> bytes:
    """The package with every member dated alike; members keep their order and content.

    A member named `mimetype` is stored uncompressed, as OpenDocument asks.
    """
    made = BytesIO()
    with ZipFile(BytesIO(package)) as old, ZipFile(made, "w") as new:
        for name in old.namelist():
            member = ZipInfo(name, date_time=_EARLIEST)
            member.create_system = 3  # Unix, wherever it is made
            member.external_attr = 0o644 << 16
            member.compress_type = ZIP_STORED if name == "mimetype" else ZIP_DEFLATED
            new.writestr(member, old.read(name))
    return made.getvalue()
