"""Faults of the machine, each made for real on a node of its own: what its status says, what clients get, how it
recovers. Mounting needs root; what cannot be made is said to be so."""

import os
import re
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from pathlib import Path

from .clients import download
from .figures import Broken, Figures, seconds
from .media import FAULTS as MEDIA
from .network import Folder, Node, Plan, free_ports, sha256, until

DISK = 96
LENGTH = 4 << 20
SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
static long offset(void) {
    long seconds = 0;
    FILE *file = fopen(getenv("CLOCK_OFFSET"), "re");
    if (file) { if (fscanf(file, "%ld", &seconds) != 1) seconds = 0; fclose(file); }
    return seconds;
}
int clock_gettime(clockid_t id, struct timespec *time) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(id, time);
    if (id == CLOCK_REALTIME) time->tv_sec += offset();
    return result;
}
int gettimeofday(struct timeval *time, void *zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    time->tv_sec = now.tv_sec; time->tv_usec = now.tv_nsec / 1000;
    return 0;
}
int adjtimex(struct timex *clock) { clock->status = STA_UNSYNC; return TIME_ERROR; }
"""


def measure(program: str, folder: Folder, figures: Figures) -> None:
    disk = folder.folder("disk")
    for number, fault in enumerate([full, read_only, descriptors, clock, future, closed_log, *MEDIA, newer, *DAMAGES]):
        name = getattr(fault, "title", None) or fault.__doc__.rstrip(".")
        figures.title(name)
        with ExitStack() as unwinding:
            if not unwinding.enter_context(mounted(disk)):
                figures.note("not made: mounting a small file system needs root")
                continue
            bench = Bench(program, disk / f"n{number}", folder.folder(f"logs{number}"))
            unwinding.callback(bench.stop)
            bench.begin()
            try:
                fault(bench, figures)
            except Broken as reason:
                figures.broken(reason)


@contextmanager
def mounted(path: Path):
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}m", "potluck", path], capture_output=True)
    try:
        yield done.returncode == 0
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "-l", path], check=True)


class Bench:
    """One node with one file, and what was seen of it before the fault."""

    def __init__(self, program: str, path: Path, logs: Path) -> None:
        path.mkdir()
        self.program = program
        self.node = Node(program, Plan("attic", "DE", "100GB/month"), path, free_ports(1)[0])
        self.node.log = logs / "attic.log"
        self.disk = path.parent
        self.logs = logs

    def begin(self) -> None:
        self.node.succeed("init", *self.node.settings)
        self.start()
        self.file = self.logs / "film.mp4"
        self.file.write_bytes(os.urandom(LENGTH))
        self.digest = sha256(self.file)
        self.link = self.node.succeed("post", "--replicas", "0", str(self.file))
        self.spent = 0

    def start(self) -> None:
        self.node.start("run")
        until(20, self.node.is_up, "the node answers")

    def stop(self) -> None:
        self.node.stop()

    def troubles(self) -> list[str]:
        return [trouble["sentence"] for trouble in self.node.ask("status")["troubles"]]

    def trouble(self, figures: Figures, what: str) -> None:
        """Waits until status tells of it."""
        until(30, lambda: bool(self.troubles()), f"status tells of {what}")
        for sentence in self.troubles():
            figures.figure("status says", self.short(sentence))

    def short(self, sentence: str) -> str:
        return sentence.replace(str(self.node.data), "<data>").strip()

    def posts(self) -> str:
        other = self.logs / "other.bin"
        other.write_bytes(os.urandom(2 << 20))
        outcome = self.node.command("post", "--replicas", "0", str(other))
        return self.short(outcome.stderr.splitlines()[-1]) if outcome.returncode else "posted"

    def serves(self, figures: Figures, times: int = 1) -> None:
        answers = [download(self.link) for _ in range(times)]
        right = sum(answer.sha256 == self.digest for answer in answers)
        wrong = [answer for answer in answers if answer.status == 200 and answer.exit == 0
                 and answer.sha256 != self.digest]  # fmt: skip
        codes = ", ".join(sorted({f"{answer.status} (curl {answer.exit})" for answer in answers}))
        figures.figure("clients get", f"{right} of {times} whole and right; {codes}")
        figures.promise("  wrong bytes for right ones", str(len(wrong)), "none", not wrong)

    def account(self) -> int:
        return self.node.ask("allowance")["spent"]

    def recovers(self, figures: Figures) -> None:
        taken = until(90, lambda: not self.troubles(), "the trouble is over")
        figures.figure("cause gone: no trouble any more after", seconds(taken))
        figures.promise("  posting goes again", posted := self.posts(), "posted", posted == "posted")
        self.serves(figures)

    def told(self, figures: Figures, word: str) -> None:
        """The log says each thing once, not every second."""
        lines = [line for line in self.node.log.read_text(errors="replace").splitlines() if f"trouble={word}" in line]
        figures.promise("lines of the log about it", str(len(lines)), "at most 4", len(lines) <= 4)


def full(bench: Bench, figures: Figures) -> None:
    """A full disk."""
    ballast = bench.disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    before = bench.account()
    bench.trouble(figures, "the full disk")
    figures.figure("posting gets", bench.posts())
    left = list((bench.node.data / "files/incoming").iterdir())
    figures.promise("  left behind", str(len(left)), "nothing", not left)
    bench.serves(figures, 20)
    figures.promise(
        "the account counts on", f"{(bench.account() - before) >> 20} MiB", "at least 80 MiB",
        bench.account() - before >= 20 * LENGTH,
    )  # fmt: skip
    spent = bench.account()
    bench.node.kill()
    ballast.unlink()
    bench.start()
    figures.promise("killed, restarted: the account", "not below", "not below", bench.account() >= spent)
    bench.recovers(figures)
    bench.told(figures, "diskFull")


def read_only(bench: Bench, figures: Figures) -> None:
    """A data directory that takes no changes any more."""
    change(bench.node.data, "+i")
    try:
        bench.trouble(figures, "the read-only directory")
        figures.figure("posting gets", bench.posts())
        for _ in range(3):
            bench.serves(figures, 4)
    finally:
        change(bench.node.data, "-i")
    bench.recovers(figures)
    bench.told(figures, "diskReadOnly")


def change(data: Path, attribute: str) -> None:
    """Whether its directories take no new names."""
    folders = [data, *(path for path in data.rglob("*") if path.is_dir())]
    outcome = subprocess.run(["chattr", attribute, *folders], capture_output=True, text=True)
    if outcome.returncode != 0 and attribute == "+i":
        raise Broken(f"not made: {outcome.stderr.strip().splitlines()[-1]}")


def descriptors(bench: Bench, figures: Figures) -> None:
    """No descriptors left."""
    pid = bench.node.process.pid
    count = len(os.listdir(f"/proc/{pid}/fd"))
    subprocess.run(["prlimit", "--pid", str(pid), f"--nofile={count + 8}:"], check=True)
    with ExitStack() as held:
        for _ in range(count + 40):
            connection = held.enter_context(socket.socket())
            connection.settimeout(2)
            connection.connect(("127.0.0.1", bench.node.port))
        bench.trouble(figures, "the descriptors")
        bench.serves(figures, 2)
    subprocess.run(["prlimit", "--pid", str(pid), "--nofile=4096:"], check=True)
    bench.recovers(figures)
    bench.told(figures, "descriptors")


def clock(bench: Bench, figures: Figures) -> None:
    """A clock set ahead by forty days, then back by two."""
    offset = shim(bench)
    bench.serves(figures, 5)
    bench.stop()
    offset.write_text("0")
    start(bench, bench.logs / "node")
    spent = bench.account()
    for name, days in (("ahead", 40), ("back", -2)):
        offset.write_text(str(days * 86_400))
        bench.trouble(figures, f"the clock set {name}")
        bench.serves(figures)
        granted = bench.account() < spent
        figures.promise(f"set {name}: allowance granted", "yes" if granted else "none", "none", not granted)
        spent = bench.account()
        offset.write_text("0")
        taken = until(60, lambda: not bench.troubles(), "the clock is believed again")
        figures.figure("set right: no trouble any more after", seconds(taken))


def future(bench: Bench, figures: Figures) -> None:
    """A clock that was ahead by forty days when the node started, and is set right before its next start."""
    offset = shim(bench)
    bench.stop()
    offset.write_text(str(40 * 86_400))
    start(bench, bench.logs / "node")
    bench.serves(figures, 5)
    bench.stop()
    offset.write_text("0")
    start(bench, bench.logs / "node")
    bench.trouble(figures, "the account from the future")
    spent = bench.account()
    bench.serves(figures, 5)
    granted = bench.account() < spent
    figures.promise("allowance granted", "yes" if granted else "none", "none", not granted)


def shim(bench: Bench) -> Path:
    """Makes a program with a clock of its own; where its offset is read, in seconds."""
    offset = bench.logs / "offset"
    source, shim = bench.logs / "shim.c", bench.logs / "shim.so"
    source.write_text(SHIM)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", shim, source, "-ldl"], check=True)
    wrapper = bench.logs / "node"
    wrapper.write_text(f'#!/bin/sh\nCLOCK_OFFSET={offset} LD_PRELOAD={shim} exec {bench.program} "$@"\n')
    wrapper.chmod(0o755)
    return offset


def start(bench: Bench, program: Path) -> None:
    bench.node.program = str(program)
    bench.start()
    bench.node.program = bench.program


def closed_log(bench: Bench, figures: Figures) -> None:
    """A log that nobody reads any more."""
    bench.stop()
    reading, writing = os.pipe()
    environment = os.environ | {"NODE_DATA": str(bench.node.data), "NODE_LOG": "trace"}
    bench.node.process = subprocess.Popen([bench.program, "run"], env=environment, stdout=writing, stderr=writing)
    os.close(writing)
    until(20, bench.node.is_up, "the node answers")
    os.close(reading)
    figures.promise("posting", posted := bench.posts(), "posted", posted == "posted")
    bench.serves(figures)
    figures.figure("status says", "; ".join(bench.troubles()) or "nothing: it is no trouble of the node's")


def newer(bench: Bench, figures: Figures) -> None:
    """A database from a newer version."""
    bench.stop()
    with sqlite3.connect(bench.node.data / "potluck.sqlite") as database:
        database.execute("INSERT INTO grdb_migrations VALUES ('9 from the future')")
    refuses(bench, figures)


def refuses(bench: Bench, figures: Figures) -> None:
    outcome = bench.node.command("run")
    figures.promise("starts", "no" if outcome.returncode else "yes", "no", outcome.returncode != 0)
    figures.figure("the command says", bench.short(outcome.stderr.splitlines()[-1]))
    figures.figure("clients get", "no connection")


def flipped(title: str, pattern: Callable[[Bench], bytes], refused: bool) -> Callable:
    """Flips a bit where a value stands in the database."""

    def fault(bench: Bench, figures: Figures) -> None:
        bench.serves(figures, 3)
        spent = bench.account()
        bench.stop()
        path = bench.node.data / "potluck.sqlite"
        with sqlite3.connect(path) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        value = pattern(bench)
        content = bytearray(path.read_bytes())
        places = [match.start() for match in re.finditer(re.escape(value), content)]
        if not places:
            raise Broken("the value was not found in the database")
        for place in places:
            content[place + len(value) // 2] ^= 0x10
        path.write_bytes(content)
        if refused:
            refuses(bench, figures)
            return
        bench.start()
        for sentence in bench.troubles():
            figures.figure("status says", bench.short(sentence))
        bench.serves(figures)
        figures.promise("the account", "not below", "not below", bench.account() >= spent)
        figures.promise("posting again", posted := bench.posts(), "posted", posted == "posted")

    fault.title = title
    return fault


def value(sql: str) -> Callable[[Bench], bytes]:
    def read(bench: Bench) -> bytes:
        with sqlite3.connect(bench.node.data / "potluck.sqlite") as database:
            found = database.execute(sql).fetchone()[0]
        return found if isinstance(found, bytes) else int(found).to_bytes(8, "big").lstrip(b"\0")

    return read


def torn(title: str, spoil: Callable[[Path], None]) -> Callable:
    def fault(bench: Bench, figures: Figures) -> None:
        bench.stop()
        path = bench.node.data / "potluck.sqlite"
        with sqlite3.connect(path) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        spoil(path)
        refuses(bench, figures)

    fault.title = title
    return fault


def spoil(offset: int, count: int) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        content = bytearray(path.read_bytes())
        for index in range(offset, min(offset + count, len(content))):
            content[index] ^= 0xFF
        path.write_bytes(content)

    return change


def wal(bench: Bench, figures: Figures) -> None:
    """A log of the database that is damaged under a killed node."""
    bench.serves(figures, 10)
    spent = bench.account()
    bench.node.kill()
    spoil(4096, 1 << 20)(bench.node.data / "potluck.sqlite-wal")
    bench.node.start("run")
    until(20, bench.node.is_up, "the node answers")
    figures.figure("status says", "; ".join(map(bench.short, bench.troubles())) or "nothing")
    figures.promise("the account", "not below", "not below", bench.account() >= spent)
    bench.serves(figures)
    figures.promise("posting again", posted := bench.posts(), "posted", posted == "posted")


DAMAGES = [
    flipped("A flipped bit in the account", value("SELECT serving FROM account"), True),
    flipped("A flipped bit in the network's key", value("SELECT key FROM network"), True),
    flipped("A flipped bit in a file's manifest", value("SELECT substr(manifest, -32) FROM holdings"), False),
    torn("A database with a damaged header", spoil(0, 32)),
    torn("A database with a damaged page", spoil(8192, 64)),
    torn("A database cut short", lambda path: os.truncate(path, 20_000)),
    wal,
]
