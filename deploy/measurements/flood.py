"""Thousands of idle connections, a flood of requests for files that nobody has, and people who want one."""

import base64
import http.client
import multiprocessing
import random
import resource
import secrets
import selectors
import socket
import statistics
import threading
import time
from collections import Counter
from urllib.parse import urlsplit

from .clients import download
from .figures import Broken, Figures, mebibytes
from .geography import CountryTable
from .network import Folder, Network, Node, Plan, sha256

PLANS = [Plan("durban", "ZA"), Plan("berlin", "DE"), Plan("tokyo", "JP")]
LENGTH = 8 << 20
IDLE = 5_000
# Of networks with so many addresses each.
NEIGHBOURS = 20
REQUESTS_PER_SECOND = 200
ASKERS = 50
DOWNLOADERS = 2
# Asks for a known file so often.
PROBES_PER_SECOND = 20
BEFORE = 20.0
DURING = 60.0
MOST_GROWTH = 48 << 20
SEED = 2026
# Downloads go on: with the flood on the same cores.
LEAST_THROUGHPUT = 0.5


def measure(program: str, folder: Folder, figures: Figures) -> None:
    figures.title(
        f"Flood: {IDLE:,} idle connections and {REQUESTS_PER_SECOND} requests a second for unknown files, at one of"
        f" three nodes, for {DURING:.0f} s"
    )
    allow_descriptors(2 * IDLE)
    file = folder.file("film.mp4", LENGTH)
    digest = sha256(file)
    with Network(program, PLANS, folder.folder("nodes")) as network:
        # The flooded node has no copy, and sends those who want one to the others.
        origin, _, flooded = network.nodes
        link, _, _ = origin.post(file, 1)
        held = {network.ids[holder["node"]["id"]] for holder in origin.holders(link)}
        flooded = next(node for node in network.nodes if node not in held)
        link = link.replace(origin.url, flooded.url)

        figures.note(f"the flooded node is {flooded.name}, which has no copy; the flood begins after {BEFORE:.0f} s")
        calm = Watch(network, flooded, link, digest, BEFORE)
        with Flood(flooded) as flood:
            storm = Watch(network, flooded, link, digest, DURING)
            door = flooded.ask("status")["door"]
            flood.stop()
        # The machine has other things to do, too, now more and now less of them.
        later = Watch(network, flooded, link, digest, BEFORE)
        report((calm, storm, later), flood, door, network, flooded, figures)


def allow_descriptors(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise Broken(f"this takes {count:,} open files, and {hard:,} are allowed: ulimit -n {count}")
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def report(
    watches: tuple["Watch", "Watch", "Watch"], flood: "Flood", door: dict, network: Network, flooded: Node,
    figures: Figures,
) -> None:  # fmt: skip
    calm, storm, later = watches
    phases = tuple(zip(("before", "during", "after"), watches))
    for name, watch in phases:
        figures.figure(
            f"downloads {name}, by {DOWNLOADERS} at a time", f"{watch.throughput / 1e6:.0f} MB/s; {watch.whole} whole, {watch.broken} not"
        )
    figures.promise(
        "  whole during", f"{storm.whole} of {storm.whole + storm.broken}", "all", storm.broken == 0 < storm.whole
    )
    ratio = 2 * storm.throughput / (calm.throughput + later.throughput)
    figures.aim("  throughput, of that before and after", f"{ratio:.2f}", f"{LEAST_THROUGHPUT}", ratio >= LEAST_THROUGHPUT)
    for name, watch in phases:
        figures.figure(f"processor of the flooded node, {name}", f"{watch.processor * 1000:.0f} ms a second")
    for name, watch in phases:
        figures.figure(
            f"a known file is redirected, {name}",
            f"p50 {percentile(watch.delays, 50):.1f} ms, p99 {percentile(watch.delays, 99):.1f} ms",
        )
    figures.promise("  not redirected", f"{storm.missed} of {len(storm.delays) + storm.missed}", "0", storm.missed == 0)
    answers = ", ".join(f"{count:,} × {status}" for status, count in sorted(flood.answers.items()))
    figures.figure("the flood was answered", answers)
    open_now, refused = door["connections"], {name: count for name, count in door["refused"].items() if count}
    figures.figure("connections at the end", f"{open_now:,}; idle ones opened {flood.opened:,} times")
    figures.figure("turned away, by its own count", ", ".join(f"{count:,} {name}" for name, count in refused.items()))
    each = [storm.resident[index] for index in range(0, len(storm.resident), max(1, len(storm.resident) // 8))]
    figures.figure("resident before", mebibytes(calm.resident[-1]))
    figures.figure("resident during, every eighth", ", ".join(f"{value >> 20}" for value in each) + " MiB")
    half = storm.resident[len(storm.resident) // 4 :]
    growth = max(half) - half[0]
    figures.promise(
        "  growth after the first quarter", mebibytes(growth), f"at most {mebibytes(MOST_GROWTH)}",
        growth <= MOST_GROWTH,
    )  # fmt: skip
    for node in network.nodes:
        rate, before = storm.overlay[node] / DURING, calm.overlay[node] / BEFORE
        figures.figure(f"overlay bytes a second, {node.name}", f"{rate:,.0f} ({before:,.0f} before)")
    alive = flooded.ask("status")["members"]["alive"]
    figures.promise("members alive at the end", f"{alive} of {len(PLANS) - 1}", "all", alive == len(PLANS) - 1)


def percentile(values: list[float], rank: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[rank - 1]


class Watch:
    """What people get for a while, and what the node takes for it."""

    def __init__(self, network: Network, flooded: Node, link: str, digest: str, seconds: float) -> None:
        self.link, self.digest, self.flooded = link, digest, flooded
        self.end = time.monotonic() + seconds
        self.bytes = self.whole = self.broken = self.missed = 0
        self.delays: list[float] = []
        self.resident: list[int] = []
        self.lock = threading.Lock()
        table = CountryTable()
        addresses = [table.first(country) for country in ("FR", "BR", "AU", "CA")[:DOWNLOADERS]]
        spent = {node: node.spent("overlay") for node in network.nodes}
        used = flooded.processor()
        threads = [threading.Thread(target=self.downloads, args=(address,)) for address in addresses]
        threads += [threading.Thread(target=work) for work in (self.probes, self.memory)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.overlay = {node: node.spent("overlay") - spent[node] for node in network.nodes}
        self.processor = (flooded.processor() - used) / seconds
        self.throughput = self.bytes / seconds

    def downloads(self, address: str) -> None:
        while time.monotonic() < self.end:
            answer = download(self.link, address)
            with self.lock:
                self.bytes += answer.bytes
                if answer.sha256 == self.digest:
                    self.whole += 1
                else:
                    self.broken += 1

    def probes(self) -> None:
        path = urlsplit(self.link).path
        while (now := time.monotonic()) < self.end:
            connection = http.client.HTTPConnection("127.0.0.1", self.flooded.port, timeout=10)
            try:
                connection.request("GET", path, headers={"X-Forwarded-For": "198.51.100.7"})
                is_redirect = connection.getresponse().status == 302
            except (OSError, http.client.HTTPException):
                is_redirect = False
            finally:
                connection.close()
            if is_redirect:
                self.delays.append((time.monotonic() - now) * 1000)
            else:
                self.missed += 1
            time.sleep(max(0, now + 1 / PROBES_PER_SECOND - time.monotonic()))

    def memory(self) -> None:
        while time.monotonic() < self.end:
            self.resident.append(self.flooded.memory().resident)
            time.sleep(1)


class Flood:
    """Processes of their own, so that they do not slow down those who measure."""

    def __init__(self, node: Node) -> None:
        context = multiprocessing.get_context("fork")
        self.ending = context.Event()
        self.reports = context.Queue()
        arguments = (node.port, self.ending, self.reports)
        self.processes = [context.Process(target=work, args=arguments, daemon=True) for work in (stay_idle, ask)]
        self.answers: Counter = Counter()
        self.opened = 0

    def __enter__(self) -> "Flood":
        for process in self.processes:
            process.start()
        return self

    def stop(self) -> None:
        self.ending.set()
        for _ in self.processes:
            name, value = self.reports.get(timeout=30)
            setattr(self, name, value)

    def __exit__(self, *_) -> None:
        self.ending.set()
        for process in self.processes:
            process.join(timeout=5)
            process.kill()


def stay_idle(port: int, ending, reports) -> None:
    """Keeps so many connections open that say nothing; what is closed is opened again."""
    selector = selectors.DefaultSelector()
    missing = list(range(IDLE))
    opened = 0
    while not ending.is_set():
        for number in [missing.pop() for _ in range(min(50, len(missing)))]:
            network, neighbour = divmod(number, NEIGHBOURS)
            connection = connect(port, f"127.{64 + network // 250}.{network % 250}.{1 + neighbour}")
            if connection is None:
                missing.append(number)
            else:
                selector.register(connection, selectors.EVENT_READ, number)
                opened += 1
        for key, _ in selector.select(0.05):
            selector.unregister(key.fileobj)
            key.fileobj.close()
            missing.append(key.data)
    reports.put(("opened", opened))


def connect(port: int, source: str) -> socket.socket | None:
    connection = socket.socket()
    try:
        connection.bind((source, 0))
        connection.settimeout(2)
        connection.connect(("127.0.0.1", port))
        connection.setblocking(False)
        return connection
    except OSError:
        connection.close()
        return None


def ask(port: int, ending, reports) -> None:
    """Asks for files that do not exist, each only once, from many networks."""
    selector = selectors.DefaultSelector()
    answers: Counter = Counter()
    generator = random.Random(SEED)
    due = time.monotonic()
    while not ending.is_set():
        due += 1 / REQUESTS_PER_SECOND
        file = base64.b32encode(secrets.token_bytes(32)).decode().rstrip("=").lower()
        connection = connect(port, f"127.96.{generator.randrange(ASKERS)}.1")
        if connection is None:
            answers["no connection"] += 1
        else:
            connection.send(f"GET /f/{file}/film.mp4 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            selector.register(connection, selectors.EVENT_READ)
        while ready := selector.select(max(0.0, due - time.monotonic())):
            for key, _ in ready:
                selector.unregister(key.fileobj)
                answers[status(key.fileobj)] += 1
                key.fileobj.close()
            if time.monotonic() > due:
                break
    answers["not answered yet"] = len(selector.get_map())
    reports.put(("answers", answers))


def status(connection: socket.socket) -> str:
    try:
        answer = connection.recv(4096)
    except OSError:
        return "cut off"
    return answer.split(b" ", 2)[1].decode() if answer.startswith(b"HTTP/") else "cut off"
