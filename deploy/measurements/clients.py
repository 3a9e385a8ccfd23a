"""People with curl."""

import hashlib
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .network import ENVIRONMENT

# What curl says at the end, on standard error.
FACTS = ("http_code", "url_effective", "num_redirects", "size_download", "time_total")
WRITE_OUT = "%{stderr}" + "".join(f"%{{{fact}}}\\t" for fact in FACTS) + "%header{retry-after}\\n"


@dataclass(frozen=True)
class Answer:
    """What a client got in the end."""

    exit: int
    status: int
    url: str
    redirects: int
    # Bytes of the last body, whole or cut off.
    bytes: int
    seconds: float
    retry_after: str
    sha256: str | None


def download(
    link: str, address: str | None = None, *, into: Path | None = None, bytes_per_second: int | None = None,
    resuming: bool = False,
) -> Answer:  # fmt: skip
    """Follows a link as somebody at an address would; the body goes into a file, or is only hashed."""
    arguments = ["curl", "--disable", "--silent", "--location", "--max-time", "900", "--write-out", WRITE_OUT]
    arguments += ["--header", f"X-Forwarded-For: {address}"] if address else []
    arguments += ["--limit-rate", str(bytes_per_second)] if bytes_per_second else []
    arguments += ["--output", str(into)] if into else []
    arguments += ["--continue-at", "-", "--fail"] if resuming else []
    process = subprocess.Popen(
        [*arguments, link], env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        digest = hashlib.sha256()
        while chunk := process.stdout.read(1 << 20):
            digest.update(chunk)
        status, url, redirects, size, spent, retry_after = process.stderr.read().decode().rstrip("\n").split("\t")
        exit_status = process.wait()
    finally:
        process.kill()
        process.wait()
    return Answer(
        exit=exit_status, status=int(status), url=url, redirects=int(redirects), bytes=int(size),
        seconds=float(spent), retry_after=retry_after, sha256=None if into else digest.hexdigest(),
    )  # fmt: skip


def crowd(link: str, addresses: Iterable[str]) -> list[Answer]:
    """All of them at once."""
    addresses = list(addresses)
    with ThreadPoolExecutor(len(addresses)) as threads:
        return list(threads.map(lambda address: download(link, address), addresses))
