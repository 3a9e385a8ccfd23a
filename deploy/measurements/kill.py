"""A holder is killed while it serves: who notices, what breaks, and what it has when it returns."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

from .clients import Answer, download
from .figures import Broken, Figures, megabytes, seconds
from .geography import CountryTable
from .network import WORLD, Asker, Folder, Network, Node, sha256, until

LENGTH = 64 << 20
REPLICAS = 3
CLIENTS = 20
# So slow that every download is under way when the holder dies.
BYTES_PER_SECOND = 8 << 20
KILLED_AFTER = 2.0
LONGEST_KNOWN = 5.0
# Asked every so often, and for so long after the kill.
INTERVAL = 0.1
WATCHED = 12.0


def measure(program: str, folder: Folder, figures: Figures) -> None:
    figures.title(
        f"Kill: kill -9 of a holder during {CLIENTS} parallel downloads of {LENGTH >> 20} MiB; five nodes, pulse 1 s"
    )
    file = folder.file("film.mp4", LENGTH)
    digest = sha256(file)
    with Network(program, WORLD, folder.folder("nodes")) as network:
        origin = network.nodes[0]
        link, _, _ = origin.post(file, REPLICAS)
        holders = [network.ids[holder["node"]["id"]] for holder in origin.holders(link)]
        victim = next(node for node in holders if node is not origin)
        table = CountryTable()
        address = table.first(victim.plan.country)
        identity = victim.ask("status")["id"]

        near = [table.first(node.plan.country) for node in holders]
        downloads = start_downloads(link, near, folder.folder("clients"))
        watch = Watch(network, [node for node in network.nodes if node is not victim], victim, link, address)
        watch.start()
        time.sleep(KILLED_AFTER)
        killed = time.monotonic()
        victim.kill()
        for each in downloads:
            each.thread.join()
        watch.join()

        report_watch(watch, killed, victim, figures)
        sent = report_downloads(downloads, digest, network, victim, figures)
        report_return(network, origin, victim, identity, link, address, digest, sent, figures)


@dataclass
class Download:
    """One client; comes again at the same link, where it was cut off, until it has everything."""

    link: str
    address: str
    path: Path
    answers: list[Answer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        for _ in range(30):
            answer = download(
                self.link, self.address, into=self.path, bytes_per_second=BYTES_PER_SECOND, resuming=bool(self.answers)
            )
            self.answers.append(answer)
            if answer.exit == 0:
                return
            time.sleep(0.5)

    def is_right(self, digest: str) -> bool:
        return self.answers[-1].exit == 0 and sha256(self.path) == digest


def start_downloads(link: str, addresses: list[str], folder: Path) -> list[Download]:
    """As many from each country as from any other."""
    return [Download(link, addresses[number % len(addresses)], folder / str(number)) for number in range(CLIENTS)]


class Watch(threading.Thread):
    """Asks the others, over and over, where a client beside the victim would be sent."""

    def __init__(self, network: Network, asked: list[Node], victim: Node, link: str, address: str) -> None:
        super().__init__(daemon=True)
        self.arguments = (network, link, address)
        self.asked = asked
        self.victim = victim
        # When each was last heard naming the victim.
        self.last_named: dict[Node, float] = {}
        self.count = 0
        self.unanswered = 0
        # Why it ended early.
        self.failure: Exception | None = None

    def run(self) -> None:
        ends = time.monotonic() + KILLED_AFTER + WATCHED
        try:
            with ThreadPoolExecutor(len(self.asked)) as threads:
                list(threads.map(lambda node: self.watch(node, ends), self.asked))
        except (OSError, HTTPException) as failure:
            self.failure = failure

    def watch(self, node: Node, ends: float) -> None:
        network, link, address = self.arguments
        with Asker(network, node) as asker:
            while (now := time.monotonic()) < ends:
                chosen = asker.choice(link, address)
                self.count += 1
                self.unanswered += chosen is None
                if chosen is self.victim:
                    self.last_named[node] = now
                time.sleep(max(0, now + INTERVAL - time.monotonic()))


def report_watch(watch: Watch, killed: float, victim: Node, figures: Figures) -> None:
    if watch.failure:
        raise Broken(f"a node that was not killed did not answer: {watch.failure!r}")
    if not watch.last_named:
        raise Broken(f"nobody sent clients to {victim.name} before it died: the measurement says nothing")
    figures.figure("asked where to go", f"{watch.count:,} times, {len(watch.asked)} nodes")
    silent = [node.name for node in watch.asked if node not in watch.last_named]
    figures.promise(
        f"never sent a client beside {victim.name} to it", ", ".join(silent) or "none", "none", not silent
    )  # fmt: skip
    for node in watch.last_named:
        figures.figure(f"  {node.name} last sent a client to {victim.name}", seconds(watch.last_named[node] - killed))
    last = max(watch.last_named.values()) - killed
    figures.promise(
        f"last client sent to {victim.name}, after the kill", seconds(last), f"at most {seconds(LONGEST_KNOWN)}",
        last <= LONGEST_KNOWN,
    )  # fmt: skip
    figures.promise("answers that name nobody", str(watch.unanswered), "none", watch.unanswered == 0)


def report_downloads(
    downloads: list[Download], digest: str, network: Network, victim: Node, figures: Figures
) -> int:  # fmt: skip
    """What the victim sent, as counted by those who got it."""
    first = [(each, network.at(each.answers[0].url)) for each in downloads]
    cut_off = [each for each, server in first if server is victim]
    others = [each for each, server in first if server is not victim]
    whole = [each for each in others if len(each.answers) == 1 and each.is_right(digest)]
    resumed = [each for each in cut_off if each.is_right(digest)]
    figures.promise("downloads from other nodes: right", f"{len(whole)} of {len(others)}", "all", whole == others)
    figures.promise(
        f"downloads from {victim.name}: right once resumed", f"{len(resumed)} of {len(cut_off)}", "all, at least one",
        resumed == cut_off and bool(cut_off),
    )  # fmt: skip
    for each in downloads:
        if not each.is_right(digest):
            figures.note(f"{each.address}: " + ", ".join(f"curl {one.exit} HTTP {one.status}" for one in each.answers))
    return sum(answer.bytes for each in downloads for answer in each.answers if network.at(answer.url) is victim)


def report_return(
    network: Network, origin: Node, victim: Node, identity: str, link: str, address: str, digest: str, sent: int,
    figures: Figures,
) -> None:  # fmt: skip
    until(60, lambda: origin.ask("show", link)["file"]["replicas"] >= REPLICAS, "the dead holder is replaced")
    others = [node for node in network.nodes if node is not victim]
    copied = sum(node.spent("replication") for node in others)

    restarted = time.monotonic()
    victim.start("run")
    figures.figure("restarted: answers its operator after", seconds(until(20, victim.is_up, f"{victim.name} answers")))
    with Asker(network, origin) as asker:
        until(20, lambda: asker.choice(link, address) is victim, f"clients are sent to {victim.name} again")
    figures.figure("  clients are sent to it again after", seconds(time.monotonic() - restarted))
    same = victim.ask("status")["id"] == identity
    figures.promise("restarted: its identity", "the same" if same else "another", "the same", same)
    account = victim.ask("allowance")
    serving = next(row["spent"] for row in account["classes"] if row["name"] == "serving")
    figures.promise(
        "restarted: its account of serving", megabytes(serving), f"at least {megabytes(sent)}", serving >= sent
    )
    figures.figure("  beyond that, the lease that died with it", megabytes(serving - sent))
    state = victim.ask("show", link)["file"]["copy"]["state"]
    figures.promise("restarted: its copy", state, "complete", state == "complete")

    answer = download(link, address)
    right = answer.exit == 0 and answer.sha256 == digest and network.at(answer.url) is victim
    figures.promise("  what it serves then", "right" if right else "not right", "right", right)
    fetched = sum(node.spent("replication") for node in others) - copied
    figures.promise("  copied to it by others", f"{fetched:,} bytes", "nothing", fetched == 0)
