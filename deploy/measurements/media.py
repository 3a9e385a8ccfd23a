"""Disks that fail under a node, and logs that nobody takes: each made for real, on a small ext4 of its own where that
is what it needs."""

import os
import re
import shutil
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from .clients import download
from .figures import Broken, Figures, seconds
from .network import Node, Plan, free_ports, sha256, until

SIZE = 128 << 20
BLOCK = 4096
# What half of the lease for answers pays for, of refusals on a connection each.
LAST_WORDS = 1000


def run(*command) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise Broken(f"not made: {command[0]}: {done.stderr.strip()}")
    return done.stdout


class Medium(AbstractContextManager):
    """A small ext4 under a directory of a node that does not run, whose end can be lost and brought back."""

    def __init__(self, image: Path, path: Path, *options: str) -> None:
        self.image, self.path = image, path
        with image.open("wb") as file:
            file.truncate(SIZE)
        run("mkfs.ext4", "-q", "-F", "-b", BLOCK, "-E", "lazy_itable_init=0", *options, image)
        # Past the image's end, only direct reads fail; others bring zeroes.
        self.loop = run("losetup", "--find", "--show", "--direct-io=on", image).strip()
        before = image.with_suffix(".before")
        shutil.move(path, before)
        path.mkdir()
        self.mount()
        (path / "lost+found").rmdir()
        shutil.copytree(before, path, dirs_exist_ok=True)
        # As the node had them.
        os.sync()

    def __exit__(self, *_) -> None:
        subprocess.run(["umount", "-l", self.path], capture_output=True)
        subprocess.run(["losetup", "-d", self.loop], capture_output=True)

    def mount(self) -> None:
        run("mount", "-o", "errors=remount-ro", self.loop, self.path)

    def lose_end(self, file: Path) -> None:
        """The second half of a file, and all behind it on the disk, cannot be read."""
        os.sync()
        extents = re.findall(r"^\s*\d+:\s+\d+\.\.\s*\d+:\s+(\d+)\.\.\s*(\d+):", run("filefrag", "-v", file), re.M)
        first, last = map(int, extents[-1])
        self.cut = (first + last) // 2 * BLOCK
        with self.image.open("rb") as image:
            image.seek(self.cut)
            self.tail = image.read()
        os.truncate(self.image, self.cut)
        Path("/proc/sys/vm/drop_caches").write_text("3")
        try:
            file.read_bytes()
        except OSError:
            return
        raise Broken("not made: the file still reads")

    def bring_back(self) -> None:
        with self.image.open("r+b") as image:
            image.seek(self.cut)
            image.write(self.tail)
            os.fsync(image.fileno())
        Path("/proc/sys/vm/drop_caches").write_text("3")


@contextmanager
def company(bench):
    """Another node of its network."""
    other = Node(bench.program, Plan("cellar", "DE", "100GB/month"), bench.logs, free_ports(1)[0])
    other.start("join", *other.settings, invite=bench.node.succeed("invite"))
    try:
        until(20, other.is_up, "the other node answers")
        until(20, lambda: other.ask("status")["members"]["alive"] == 1, "they know each other")
        yield other
    finally:
        other.stop()


def copy_of(node: Node, link: str) -> Path | None:
    """Where a node keeps a file, if it does."""
    name = re.search(r"/([a-z2-7]{40,})(/|$)", link)[1]
    return next(node.data.glob(f"files/*/{name}"), None)


def here(bench, link: str) -> str:
    """The link, asked at the bench's node."""
    return bench.node.url + "/" + link.split("/", 3)[3]


def share(bench, node: Node) -> None:
    bench.link = here(bench, node.post(bench.file, 1)[0])
    bench.digest = sha256(bench.file)


def cut(bench, medium: Medium, figures: Figures) -> None:
    """A client that reads while the disk fails, and comes back."""
    into = bench.logs / "download"
    with ThreadPoolExecutor(1) as threads:
        reading = threads.submit(download, bench.link, into=into, bytes_per_second=1 << 20)
        time.sleep(0.5)
        medium.lose_end(copy_of(bench.node, bench.link))
        first = reading.result()
    tries = 0
    while sha256(into) != bench.digest and tries < 5:
        tries += 1
        resumed = download(bench.link, into=into, resuming=True)
        figures.figure("resumed at", f"{resumed.url.split('/')[2]}: {resumed.status} (curl {resumed.exit})")
    figures.promise(
        f"a client that was reading (curl {first.exit}) has", f"it whole after {tries} more", "the right bytes",
        sha256(into) == bench.digest,
    )  # fmt: skip


def unreadable(bench, figures: Figures) -> None:
    """Read errors in a file that was posted here."""
    large(bench)
    with company(bench) as other, medium_of_files(bench) as medium:
        share(bench, bench.node)
        cut(bench, medium, figures)
        bench.serves(figures, 10)
        bench.trouble(figures, "the file")
        until(20, lambda: not offers(other, bench), "the others know that it is not offered here")
        figures.promise("offered here", "no, and the others know", "no", not offers(bench.node, bench))
        bench.serves(figures, 10)
        medium.bring_back()
        taken = until(60, lambda: offers(other, bench), "it is offered again")
        figures.figure("cause gone: offered again after", seconds(taken))
        bench.recovers(figures)
        bench.told(figures, "diskFailing")


def unreadable_copy(bench, figures: Figures) -> None:
    """Read errors in a file that is held for another."""
    large(bench)
    with company(bench) as other, medium_of_files(bench) as medium:
        share(bench, other)
        copy = copy_of(bench.node, bench.link)
        cut(bench, medium, figures)
        # Whether clients meet it is chance: they are spread.
        for _ in range(20):
            if bench.troubles():
                break
            bench.serves(figures)
        bench.trouble(figures, "the copy")
        bench.serves(figures, 10)

        def is_whole() -> bool:
            try:
                return offers(bench.node, bench) and sha256(copy) == bench.digest
            except OSError:
                return False

        figures.figure("fetched again after", seconds(until(60, is_whole, "the copy is whole again")))
        bench.serves(figures, 10)


def large(bench) -> None:
    """So that a reader is still at it when the disk fails."""
    bench.file.write_bytes(os.urandom(32 << 20))


@contextmanager
def medium_of_files(bench):
    bench.stop()
    with Medium(bench.logs / "medium", bench.node.data / "files", "-O", "^has_journal") as medium:
        bench.start()
        try:
            yield medium
        finally:
            bench.stop()


def offers(node: Node, bench) -> bool:
    """Whether a node believes that the bench's node has the whole file."""
    own = bench.node.ask("status")["id"]
    return any(holder["node"]["id"] == own for holder in node.holders(bench.link))


def remounted(bench, figures: Figures) -> None:
    """A file system that the kernel makes read-only after an error."""
    bench.stop()
    with Medium(bench.logs / "medium", bench.node.data) as medium:
        bench.start()
        trigger = Path("/sys/fs/ext4") / medium.loop.rpartition("/")[2] / "trigger_fs_error"
        if not trigger.exists():
            raise Broken("not made: this kernel makes no such error")
        trigger.write_text("1")
        bench.trouble(figures, "the file system")
        figures.figure("posting gets", bench.posts())
        is_answered(bench, figures, 30)
        has_last_words(bench, figures)
        spent = bench.account()
        bench.told(figures, "diskReadOnly")
        bench.stop()
        until(10, lambda: subprocess.run(["umount", medium.path], capture_output=True).returncode == 0, "it is unmounted")
        run("e2fsck", "-fy", medium.loop)
        medium.mount()
        bench.start()
        now = bench.account()
        figures.promise("stopped, repaired, started: the account", f"{now - spent:+} bytes", "not below", now >= spent)
        bench.recovers(figures)
        bench.stop()


def filling(bench, figures: Figures) -> None:
    """A disk that fills in the middle of a pull."""
    ballast = bench.disk / "ballast"
    bench.file.write_bytes(os.urandom(48 << 20))
    with company(bench) as other:
        link = other.succeed("post", "--replicas", "1", str(bench.file))
        bench.link, bench.digest = here(bench, link), sha256(bench.file)
        until(30, lambda: copy_of(bench.node, link) is not None, "the pull begins")
        fill(ballast)
        bench.trouble(figures, "the full disk")
        bench.serves(figures, 4)
        ballast.unlink()
        taken = until(90, lambda: offers(other, bench), "the copy is there")
        figures.figure("room again: the copy is whole after", seconds(taken))
        bench.recovers(figures)


def fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(BLOCK))
        except OSError:
            pass


def stuck(bench, figures: Figures) -> None:
    """An account that can be kept nowhere: no file may grow, the database and the account's included."""
    pid = str(bench.node.process.pid)
    run("prlimit", "--pid", pid, "--fsize=0:")
    is_answered(bench, figures, 30)
    bench.trouble(figures, "the account")
    figures.figure("posting gets", bench.posts())
    has_last_words(bench, figures)
    run("prlimit", "--pid", pid, "--fsize=unlimited:")
    bench.recovers(figures)


def is_answered(bench, figures: Figures, times: int) -> None:
    """Whom the last lease does not serve is told to come back, from the very first on."""
    answers = [download(bench.link) for _ in range(times)]
    right = sum(answer.sha256 == bench.digest for answer in answers)
    refused = [answer for answer in answers if answer.status == 503 and answer.retry_after]
    advice = ", ".join(sorted({answer.retry_after for answer in refused})) or "none"
    figures.figure("clients get", f"{right} of {times} whole and right; {len(refused)} a 503, Retry-After {advice}")
    figures.promise("  without an answer", str(silent := times - right - len(refused)), "none", silent == 0)


def has_last_words(bench, figures: Figures) -> None:
    """How many are told to come back until nothing is leased any more, and that then nothing more is sent."""
    head = f"GET /{bench.link.split('/', 3)[3]} HTTP/1.1\r\nHost: attic\r\nConnection: close\r\n\r\n".encode()
    count = 0
    started = time.monotonic()
    while (answer := exchange(bench.node.port, head)) and count < 10 * LAST_WORDS:
        if not (answer.startswith(b"HTTP/1.1 503 ") and b"\r\nRetry-After: " in answer):
            raise Broken(f"an answer that is no 503 with advice: {answer[:80]}")
        count += 1
    figures.promise(
        f"as fast as one asks, refused in {seconds(time.monotonic() - started)}", str(count), f"at least {LAST_WORDS}",
        count >= LAST_WORDS,
    )  # fmt: skip
    figures.figure("  so for clients that come back each 30 s", f"10 of them: {seconds(count * 3)}")
    figures.promise("  then", "not a byte", "not a byte", not any(exchange(bench.node.port, head) for _ in range(5)))


def exchange(port: int, head: bytes) -> bytes:
    """What is answered on a connection of its own; nothing where it ends without a word."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        answer = b""
        try:
            connection.sendall(head)
            while chunk := connection.recv(4096):
                answer += chunk
        except ConnectionError:
            pass
        return answer


def unread_log(bench, figures: Figures) -> None:
    """A log that is open and never read."""
    bench.stop()
    reading, writing = os.pipe()
    # Full already: the first line finds no room.
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, bytes(BLOCK))
    except BlockingIOError:
        os.set_blocking(writing, True)
    environment = os.environ | {"NODE_DATA": str(bench.node.data), "NODE_LOG": "trace"}
    bench.node.process = subprocess.Popen([bench.program, "run"], env=environment, stdout=writing, stderr=writing)
    os.close(writing)
    until(20, bench.node.is_up, "the node answers")
    fill(bench.disk / "ballast")
    bench.trouble(figures, "a full disk, which it logs")
    (bench.disk / "ballast").unlink()
    bench.recovers(figures)
    started = time.monotonic()
    bench.stop()
    figures.promise("told to end, it ended after", seconds(taken := time.monotonic() - started), "5 s", taken < 5)
    os.close(reading)


def full_log(bench, figures: Figures) -> None:
    """A log on the disk that is full."""
    bench.stop()
    bench.node.log = bench.disk / "attic.log"
    bench.start()
    fill(bench.disk / "ballast")
    bench.trouble(figures, "the full disk")
    bench.serves(figures, 4)
    (bench.disk / "ballast").unlink()
    bench.recovers(figures)
    lines = bench.node.log.read_text(errors="replace").splitlines()
    figures.figure("the log's last line", lines[-1].partition("] ")[2] or lines[-1])


FAULTS = [unreadable, unreadable_copy, remounted, filling, stuck, unread_log, full_log]
