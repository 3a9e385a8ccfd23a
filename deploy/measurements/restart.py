"""A node is stopped and started while a crowd hammers it: how long it is away, and what that costs."""

import http.client
import signal
import statistics
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from .clients import download
from .figures import Figures, runs, seconds
from .network import Folder, Network, Node, Plan, sha256

RESTARTS = 5
CLIENTS = 500
# Downloads that a restart finds under way, so slow that none of them ends before it.
DOWNLOADS = 20
BYTES_PER_SECOND = 1 << 20
LENGTH = 64 << 20
LONGEST_AWAY = 1.0
GRACE = 10.0


def measure(program: str, folder: Folder, figures: Figures) -> None:
    figures.title(
        f"Restart: SIGTERM and a new start, {CLIENTS} clients asking over and over, {DOWNLOADS} downloads under way"
    )
    file = folder.file("film.mp4", LENGTH)
    with Network(program, [Plan("durban", "ZA")], folder.folder("nodes")) as network:
        node = network.nodes[0]
        link, _, _ = node.post(file, 0)
        restart_idle(node, figures)
        restart_busy(node, link, sha256(file), folder.folder("clients"), figures)


def restart_idle(node: Node, figures: Figures) -> None:
    stopping, starting = [], []
    for _ in range(RESTARTS):
        stopping.append(stopped(node)[1])
        starting.append(started(node))
    figures.figure("idle: stopped after", runs(stopping, "s"))
    figures.figure("idle: from its start until both doors answer", runs(starting, "s"))


def restart_busy(node: Node, link: str, digest: str, folder: Path, figures: Figures) -> None:
    crowd = [Hammer(node.port, urlsplit(link).path) for _ in range(CLIENTS)]
    paths = [folder / str(number) for number in range(DOWNLOADS)]
    first = [threading.Thread(target=take, args=(link, path)) for path in paths]
    for thread in [*first, *crowd]:
        thread.start()
    time.sleep(2)
    status, away = stopped(node)
    figures.promise("busy: exit status", str(status), "0", status == 0)
    figures.promise("busy: stopped after", seconds(away), f"at most {seconds(GRACE + 2)}", away <= GRACE + 2)
    spent = started(node)
    figures.promise(
        "busy: from its start until both doors answer", seconds(spent), f"at most {seconds(LONGEST_AWAY)}",
        spent <= LONGEST_AWAY,
    )  # fmt: skip
    for thread in first:
        thread.join()
    had = sum(path.stat().st_size for path in paths)
    sent = sum(row["spent"] for row in node.ask("allowance")["classes"] if row["name"] == "serving")
    resumed = [download(link, into=path, resuming=True) for path in paths]
    right = sum(answer.exit == 0 and sha256(path) == digest for answer, path in zip(resumed, paths, strict=True))
    figures.promise(
        "  downloads that were cut: right once resumed", f"{right} of {DOWNLOADS}", "all", right == DOWNLOADS
    )  # fmt: skip
    again = sum(answer.bytes for answer in resumed) + had - DOWNLOADS * LENGTH
    figures.promise("  bytes of them sent twice", f"{again:,}", "none", again == 0)
    figures.figure("  got by them until then, and by its account", f"{had:,} and {sent:,} bytes")
    for thread in crowd:
        thread.ends = True
    for thread in crowd:
        thread.join()
    got = sum((thread.answers for thread in crowd), Counter()).most_common()
    figures.figure("  what the crowd got", ", ".join(f"{count:,} × {answer}" for answer, count in got))


def stopped(node: Node) -> tuple[int, float]:
    """Its exit status, and how long it took to end."""
    began = time.monotonic()
    node.process.send_signal(signal.SIGTERM)
    status = node.process.wait(timeout=60)
    node.process = None
    return status, time.monotonic() - began


def started(node: Node) -> float:
    """How long until its operator and the public get answers."""
    began = time.monotonic()
    node.start("run")
    while not (answers(node) and (node.data / "node.sock").exists()):
        time.sleep(0.005)
    return time.monotonic() - began


def answers(node: Node) -> bool:
    with suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=5)
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    return False


def take(link: str, path: Path) -> None:
    download(link, into=path, bytes_per_second=BYTES_PER_SECOND)


class Hammer(threading.Thread):
    """Asks for the file's first bytes, over connections that stay as long as the node lets them."""

    def __init__(self, port: int, target: str) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.target = target
        self.answers: Counter[str] = Counter()
        self.ends = False

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        while not self.ends:
            try:
                connection.request("GET", self.target, headers={"Range": "bytes=0-99"})
                response = connection.getresponse()
                response.read()
                self.answers[str(response.status)] += 1
            except (OSError, http.client.HTTPException):
                connection.close()
                self.answers["nothing, tried again"] += 1
            time.sleep(0.2)
