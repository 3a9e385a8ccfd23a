"""What a node leaves on its disk when it is killed."""

import base64
import shutil
import sqlite3
import tempfile
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Record:
    """What the database says of a file."""

    pieces: frozenset[int]
    piece_count: int
    is_complete: bool


@dataclass
class Remains:
    """The node does not run while this is read; nothing of it is changed."""

    has_identity: bool = False
    has_settings: bool = False
    # Whose network it is in, and whether it has a certificate of it.
    network: str | None = None
    has_certificate: bool = False
    records: dict[str, Record] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    incoming: list[Path] = field(default_factory=list)
    orphans: list[Path] = field(default_factory=list)

    def __init__(self, data: Path) -> None:
        self.has_identity = (data / "identity.key").exists()
        self.has_settings = (data / "node.yaml").exists()
        self.records = {}
        folder = data / "files"
        self.incoming = list(folder.glob("incoming/*"))
        self.orphans = list(folder.glob("orphans/*"))
        self.files = {path.name: path for path in folder.glob("??/*")}
        # Looking at a database with a log beside it writes to it: so at a copy.
        with tempfile.TemporaryDirectory() as copies:
            for path in data.glob("potluck.sqlite*"):
                shutil.copy(path, copies)
            if (data / "potluck.sqlite").exists():
                self.read(sqlite3.connect(Path(copies) / "potluck.sqlite"))

    def read(self, database: sqlite3.Connection) -> None:
        with database:
            try:
                network = database.execute("SELECT founder, certificate IS NOT NULL FROM network").fetchone()
                rows = database.execute("SELECT file, pieces, sha256 FROM progress").fetchall()
            except sqlite3.OperationalError:
                return  # The tables are not made yet.
        database.close()
        if network:
            self.network, self.has_certificate = identifier(network[0]), bool(network[1])
        self.records = {identifier(file): record(pieces, sha256) for file, pieces, sha256 in rows}


def record(pieces: bytes, sha256: bytes | None) -> Record:
    """A count, then a bit for each piece, the first in the highest bit of the first byte."""
    count = int.from_bytes(pieces[:4], "big")
    there = frozenset(piece for piece in range(count) if pieces[4 + piece // 8] >> (7 - piece % 8) & 1)
    return Record(there, count, sha256 is not None)


def identifier(value: bytes) -> str:
    return base64.b32encode(value).decode().lower().rstrip("=")
