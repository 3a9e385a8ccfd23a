"""Slow readers, and a node that is killed under them again and again: what leaves it, as others count it."""

import random
import selectors
import socket
import time
from urllib.parse import urlsplit

from .figures import Figures, megabytes
from .network import Folder, Node, Plan, free_ports, until
from .wire import Wire

ALLOWANCE = "50MB/month"
# What of it is for the network by default.
SHARE = 40_000_000
# A month that nobody could spend would be no promise kept. Set aside are a tenth for copies, 3 % for answers, and 3 MB for
# the network (`Terms`) …
SERVING = SHARE - SHARE * 10 // 100 - SHARE * 3 // 100 - 3_000_000
KILLS = 10
# … each kill wastes what is left of a lease (`Ledger.smallestLease`), which is renewed when half of it is gone: half of it on
# the average …
LEASE = 256 << 10
CARRIED = SERVING - KILLS * LEASE // 2
# … and of the rest, clients get what is no packet's header and is not sent again: these readers take packets of half the
# usual length, and a twelfth of it is set aside for what they make the kernel send twice (`WireCost`).
SEGMENT, FRAME, AGAIN = 1448, 66, 12
# That is 25.96 MB; the floor was higher before, and stays there.
LEAST = max(26_000_000, CARRIED * AGAIN * SEGMENT // ((AGAIN + 1) * SEGMENT + 2 * AGAIN * FRAME))
LENGTH = 8_000_000
READERS = 500
# So little at once that all are served side by side, and so slowly that a month lasts for ten kills.
RANGE = 32 << 10
BYTES_PER_SECOND = 2 << 10
RECEIVE_BUFFER = 8 << 10
# Killed after so long, drawn anew each time; and down for this long.
SERVED = (1.0, 4.0)
DOWN = 0.3
# Afterwards, all that is left is asked for, for so long at most.
AT_LAST = 120.0
SEED = 2026


def measure(program: str, folder: Folder, figures: Figures) -> None:
    figures.title(
        f"Slow: {READERS} slow readers of a node with {ALLOWANCE}, killed and started again {KILLS} times"
    )
    with Wire() as wire:
        node = WiredNode(program, folder.folder("nodes"), wire)
        node.succeed("init", *node.settings)
        node.start()
        try:
            until(20, node.is_up, "the node answers")
            link, _, _ = node.post(folder.file("film.mp4", LENGTH), 0)
            crowd = Crowd(link, wire)
            report(node, wire, crowd, rounds(node, crowd, figures), figures)
        finally:
            node.stop()


class WiredNode(Node):
    """A node on a network of its own."""

    def __init__(self, program: str, folder, wire: Wire) -> None:
        super().__init__(program, Plan("poor", "JP", ALLOWANCE), folder, free_ports(1)[0])
        self.wire = wire
        self.host = wire.node_address
        self.url = f"http://{self.host}:{self.port}"

    @property
    def settings(self) -> list[str]:
        return [*super().settings, "--private"]

    def start(self, *arguments: str, invite: str | None = None) -> None:
        self.launch([*self.wire.inside_node, self.program, *(arguments or ["run"])], invite)


def rounds(node: WiredNode, crowd: "Crowd", figures: Figures) -> list[float]:
    """Kills the node so often, and lets it live at last; how long each start took until it served."""
    generator = random.Random(SEED)
    starts = []
    for number in range(KILLS):
        crowd.read(generator.uniform(*SERVED))
        before = crowd.received
        node.kill()
        # The kernel goes on sending what it has.
        crowd.read(DOWN)
        figures.note(
            f"kill {number + 1}: {megabytes(before)} received until then, {crowd.received - before:,} bytes after it"
        )
        started = time.monotonic()
        node.start()
        while not crowd.reaches(node):
            crowd.read(0.05)
        starts.append(time.monotonic() - started)
    began = time.monotonic()
    while crowd.wanting and time.monotonic() - began < AT_LAST:
        crowd.read(1)
    return starts


def report(node: WiredNode, wire: Wire, crowd: "Crowd", starts: list[float], figures: Figures) -> None:
    account = node.ask("allowance")
    refused = ", ".join(f"{count} × {status}" for status, count in sorted(crowd.refused.items()))
    figures.figure("answers", f"{crowd.answers:,} with bytes; {refused or 'none'} without")
    figures.figure("started again, and serving, within", f"{max(starts):.2f} s at most")
    figures.promise(
        "received, as clients counted", f"{crowd.received:,} bytes", f"{LEAST:,} to {SHARE:,}",
        LEAST <= crowd.received <= SHARE,
    )  # fmt: skip
    if wire.counts:
        time.sleep(1)
        sent = wire.sent()
        figures.promise(
            "sent, as its network interface counted", f"{sent.bytes:,} bytes", f"at most {SHARE:,}",
            sent.bytes <= SHARE,
        )  # fmt: skip
        figures.figure("  in packets", f"{sent.packets:,}, of which {wire.retransmitted():,} again")
        # While the node was down, its kernel turned clients away; nobody can account for that.
        carried = sent.bytes - wire.refusals()
        figures.promise(
            "  beside what its kernel said while it was down", f"{carried:,} bytes", f"at least {CARRIED:,}",
            carried >= CARRIED,
        )  # fmt: skip
        counted = sum(row["spent"] for row in account["classes"] if row["name"] in ("serving", "answers"))
        figures.promise(
            "  counted by its own account", f"{counted:,} bytes", f"at least {carried:,}", carried <= counted
        )  # fmt: skip
        figures.figure("  beside what clients received", f"{sent.bytes - crowd.received:,} bytes")
    else:
        figures.note("No network of its own could be made for the node (root is needed): only clients counted.")
    figures.promise(
        "spent, by its own account", f"{account['spent']:,} bytes", f"at most {SHARE:,}", account["spent"] <= SHARE
    )  # fmt: skip
    classes = [f"{row['name']} {megabytes(row['spent'])}" for row in account["classes"] if row["spent"]]
    figures.figure("  of which", ", ".join(classes))


class Crowd:
    """Readers with one connection each, who ask for one part of the file after the other, and read it slowly."""

    def __init__(self, link: str, wire: Wire) -> None:
        self.link = urlsplit(link)
        self.wire = wire
        self.generator = random.Random(SEED)
        self.selector = selectors.DefaultSelector()
        self.readers = [Reader(self, number) for number in range(READERS)]
        # All bytes that came out of sockets: heads and bodies, whole or cut off.
        self.received = 0
        self.answers = 0
        self.refused: dict[int, int] = {}

    @property
    def wanting(self) -> bool:
        return any(not reader.is_refused for reader in self.readers)

    def read(self, seconds: float) -> None:
        """Every reader takes what it takes in so long."""
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            for reader in self.readers:
                reader.turn(now)
            self.selector.select(max(0.0, min(0.02, end - now)))
            time.sleep(0.01)

    def reaches(self, node: Node) -> bool:
        try:
            self.wire.connect(node.port, "10.80.250.1", RECEIVE_BUFFER).close()
        except OSError:
            return False
        return True


class Reader:
    def __init__(self, crowd: Crowd, number: int) -> None:
        self.crowd = crowd
        self.address = f"10.{80 + number // 250}.{number % 250}.1"
        self.connection: socket.socket | None = None
        self.head = b""
        self.left = 0
        # When it may read or try again.
        self.next = time.monotonic() + crowd.generator.uniform(0, 1)
        self.is_refused = False

    def turn(self, now: float) -> None:
        if self.is_refused or now < self.next:
            return
        self.next = now + 0.5
        try:
            if self.connection is None:
                self.connection = self.crowd.wire.connect(self.crowd.link.port, self.address, RECEIVE_BUFFER)
                self.ask()
            self.take(self.connection.recv(BYTES_PER_SECOND // 2))
        except BlockingIOError:
            pass
        except OSError:
            self.lose()

    def ask(self) -> None:
        first = self.crowd.generator.randrange(LENGTH - RANGE)
        request = f"GET {self.crowd.link.path} HTTP/1.1\r\nHost: {self.crowd.link.netloc}\r\n"
        self.head = b""
        self.left = 0
        self.connection.send(f"{request}Range: bytes={first}-{first + RANGE - 1}\r\n\r\n".encode())

    def take(self, data: bytes) -> None:
        self.crowd.received += len(data)
        if not data:
            return self.lose()
        if self.left == 0:
            head, end, body = (self.head + data).partition(b"\r\n\r\n")
            if not end:
                self.head += data
                return None
            status = int(head.split(b" ", 2)[1])
            if status != 206:
                self.crowd.refused[status] = self.crowd.refused.get(status, 0) + 1
                self.is_refused = status == 503
                return self.lose()
            self.crowd.answers += 1
            self.left = RANGE
            data = body
        self.left -= len(data)
        if self.left == 0:
            self.ask()
        return None

    def lose(self) -> None:
        if self.connection is not None:
            self.connection.close()
        self.connection = None
