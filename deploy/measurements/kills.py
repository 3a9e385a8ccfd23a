"""Nodes are killed while they are at something: how far they had come, and what came of it."""

import http.client
import socket
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .arena import GIVING, LENGTH, PIECE, SLACK, Arena, Posting, RoadNode
from .figures import Broken
from .network import until
from .remains import Remains

PHASES = [
    "init: nothing made yet", "init: settings only", "init: identity, no database", "init: done",
    "join: nothing made yet", "join: identity only", "join: still in a network of its own", "join: a member",
    "start: before the doors are open", "start: open",
    "post: nothing given yet", "post: being given", "post: all given, without a name", "post: named, not recorded",
    "post: recorded, link not told", "post: link told",
    "pull: not recorded yet", "pull: recorded, no room made", "pull: no piece recorded", "pull: some pieces recorded",
    "pull: all pieces, no digest", "pull: complete",
    "source: while replicas pull", "source: after they were done",
    "serve: to four clients", "lease: while one was written",
]  # fmt: skip



@dataclass
class Kill:
    """One kill, judged."""

    phase: str
    outcome: str = ""
    faults: list[str] = field(default_factory=list)
    # Pieces of a pull that were on the victim's disk, and how many of those were sent to it once more.
    pieces: int = 0
    again: int = 0
    # Bytes that the victim's account says were sent, and nobody outside counted: leases that died, and datagrams.
    wasted: int = 0


# From the last byte given to the link, about.
FINISHING = 0.06

# How long each thing took when it was not interrupted, so that moments can be drawn from all of it.
durations: dict[str, float] = defaultdict(lambda: 1.0)


def moment(arena: Arena, kind: str) -> float:
    return arena.chance.uniform(0, 1.2 * durations[kind])


def learn(kind: str, spent: float) -> None:
    durations[kind] += (spent - durations[kind]) / 4


def end(arena: Arena, victim: RoadNode, kill: Kill) -> Kill:
    """What every kill is followed by."""
    kill.faults += arena.restart(victim)
    over = arena.spent(victim) - victim.sent
    kill.wasted, victim.over = over - victim.over, over
    return kill


# Posting


def post(arena: Arena) -> Kill:
    name, content = arena.content()
    posting = Posting(arena.poster, name, content, 2, GIVING)
    posting.start()
    if arena.chance.random() < 0.5:
        posting.join(arena.chance.uniform(0, GIVING))
    else:
        # What comes after the last byte takes a hundredth of the time.
        waiting(lambda: posting.given == len(content))
        wait(arena.chance.uniform(0, FINISHING))
    given = posting.given
    arena.poster.kill()
    posting.join(20)
    left = Remains(arena.poster.data)
    unknown = [file for file in left.records if file not in arena.files]
    kill = Kill(phase_of_post(posting, given, left, bool(unknown), arena))
    if posting.file:
        arena.files[posting.file] = name
    elif unknown:
        arena.files[unknown[0]] = name
    end(arena, arena.poster, kill)
    copies = arena.poster.copies()
    there = next((file for file in copies if arena.files.get(file) == name), None)
    kill.outcome = "whole" if there else "absent"
    if posting.file and copies.get(posting.file) != "complete":
        kill.faults.append("its link was told, and the file is gone")
    if there and not posting.file and copies[there] != "complete":
        kill.faults.append("the file is neither whole nor absent")
    arena.settle()
    return kill


def phase_of_post(posting: Posting, given: int, left: Remains, is_recorded: bool, arena: Arena) -> str:
    if posting.file:
        return "post: link told"
    if is_recorded:
        return "post: recorded, link not told"
    if any(file not in arena.files for file in left.files):
        return "post: named, not recorded"
    if given == len(posting.content):
        return "post: all given, without a name"
    return "post: being given" if given else "post: nothing given yet"


# Pulling


def pull(arena: Arena) -> Kill:
    victim = arena.chance.choice(arena.nodes[1:])
    posting = arena.post()
    match arena.chance.randrange(4):
        case 0:
            waiting(lambda: posting.file in victim.copies())
            wait(arena.chance.uniform(0, 0.02))
        case 1:
            waiting(lambda: is_nearly_there(victim, posting.file))
            wait(arena.chance.uniform(0, 0.04))
        case _:
            wait(moment(arena, "pull"))
    victim.kill()
    left = Remains(victim.data)
    record = left.records.get(posting.file)
    kill = Kill(phase_of_pull(posting.file, left))
    there = pieces_on_disk(arena, posting.file, left) if record else set()
    kill.pieces = len(there)
    for node in arena.nodes:
        if node is not victim:
            until(90, lambda node=node: arena.has_all(node), f"{node.name} has every file, while another is dead")
    before = arena.sent(victim)
    end(arena, victim, kill)
    arena.settle()
    missing = LENGTH - PIECE * len(there)
    beyond = arena.sent(victim) - before - missing - SLACK
    kill.again = max(0, -(-beyond // PIECE))
    kill.outcome = "complete before" if record and record.is_complete else "resumed" if there else "begun anew"
    kill.faults += arena.judge(victim)
    return kill


def is_nearly_there(victim: RoadNode, file: str) -> bool:
    copy = victim.tell("GET", f"/v1/files/{file}")["file"]["copy"] if file in victim.copies() else {"state": "none"}
    return copy["state"] == "complete" or copy["state"] == "filling" and copy["pieces"] >= copy["pieceCount"] - 2


def phase_of_pull(file: str, left: Remains) -> str:
    record = left.records.get(file)
    if record is None:
        return "pull: not recorded yet"
    if record.is_complete:
        return "pull: complete"
    if file not in left.files:
        return "pull: recorded, no room made"
    if len(record.pieces) == record.piece_count:
        return "pull: all pieces, no digest"
    return "pull: some pieces recorded" if record.pieces else "pull: no piece recorded"


def pieces_on_disk(arena: Arena, file: str, left: Remains) -> set[int]:
    """The pieces that had been verified and written, recorded or not."""
    if file not in left.files:
        return set()
    content, disk = arena.expected(file), left.files[file].read_bytes()
    return {
        number
        for number, start in enumerate(range(0, len(content), PIECE))
        if disk[start : start + PIECE] == content[start : start + PIECE]
    }


def source(arena: Arena) -> Kill:
    """The only one that has the file is killed while two others pull it."""
    before = sum(node.road.count for node in arena.nodes)
    posting = arena.post()
    wait(moment(arena, "pull"))
    arena.poster.kill()
    is_done = all(node.copies().get(posting.file) == "complete" for node in arena.nodes[1:])
    kill = Kill("source: after they were done" if is_done else "source: while replicas pull")
    end(arena, arena.poster, kill)
    arena.settle()
    copied = sum(node.road.count for node in arena.nodes) - before
    # What was on its way when it died was sent, and never arrived whole.
    if copied > 2 * (LENGTH + SLACK) + (4 << 20):
        kill.faults.append(f"two copies took {copied:,} bytes")
    for node in arena.nodes[1:]:
        kill.faults += arena.judge(node)
    kill.outcome = "complete before" if is_done else "resumed"
    return kill


# Serving


@dataclass
class Reader:
    """One client, whom the end of a connection does not discourage."""

    link: str
    bytes_per_second: int | None
    body: bytearray = field(default_factory=bytearray)
    # By the port they came from.
    counts: Counter[int] = field(default_factory=Counter)
    tag: str = ""

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self, headers: dict[str, str] | None = None) -> None:
        address = urlsplit(self.link)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=20)
        with suppress(OSError, http.client.HTTPException):
            connection.request("GET", f"{address.path}?{address.query}", headers=headers or {})
            response = connection.getresponse()
            if response.status == 302:
                self.link = response.headers["Location"]
                return self.read(headers)
            self.tag = response.headers.get("ETag", "")
            # What is sent from the start again is another download.
            if response.status not in ((206,) if headers else (200,)):
                return
            while chunk := response.read1(64 << 10):
                self.body += chunk
                self.counts[address.port] += len(chunk)
                if self.bytes_per_second:
                    time.sleep(len(chunk) / self.bytes_per_second)
        connection.close()

    def resume(self, link: str) -> None:
        """Asks for the rest, if the file is still the same."""
        if len(self.body) < LENGTH:
            self.link, self.bytes_per_second = link, None
            self.read({"Range": f"bytes={len(self.body)}-", "If-Range": self.tag} if self.body else None)


def serve(arena: Arena, delay: Callable[[RoadNode], None] | None = None) -> Kill:
    if not arena.files:
        arena.post()
    arena.settle()
    victim = arena.chance.choice(arena.nodes)
    file = arena.chance.choice(list(arena.files))
    path = f"/f/{file}/{arena.files[file]}"
    direct = f"http://127.0.0.1:{victim.port}{path}"
    readers = [Reader(direct, LENGTH // 2), Reader(direct, LENGTH), Reader(direct, LENGTH // 4), Reader(direct, None)]
    if delay:
        delay(victim)
    else:
        wait(arena.chance.uniform(0, 1))
    victim.kill()
    for reader in readers:
        reader.thread.join(60)
        victim.direct += reader.counts.pop(victim.port, 0)
    cut = [reader for reader in readers if len(reader.body) < LENGTH]
    kill = Kill("lease: while one was written" if delay else "serve: to four clients")
    end(arena, victim, kill)
    for reader in cut:
        reader.resume(direct)
        victim.direct += reader.counts[victim.port]
    if any(bytes(reader.body) != arena.expected(file) for reader in readers):
        kill.faults.append(f"a download was not right: {[len(reader.body) for reader in readers]}")
    kill.outcome = "downloads resumed" if cut else "no download was cut"
    kill.faults += arena.judge(victim)
    return kill


def lease(arena: Arena) -> Kill:
    return serve(arena, lambda victim: watch_log(victim, arena.chance.uniform(0, 0.003)))


def watch_log(victim: RoadNode, delay: float) -> None:
    """Waits until the database's log is written to, and a moment more."""
    log = victim.data / "potluck.sqlite-wal"
    ends = time.monotonic() + 1
    before = log.stat().st_mtime_ns if log.exists() else 0
    while time.monotonic() < ends and (not log.exists() or log.stat().st_mtime_ns == before):
        pass
    time.sleep(delay)


# Beginning


def join(arena: Arena) -> Kill:
    guest = arena.guest()
    invite = arena.poster.tell("POST", "/v1/invites", b'{"uses": 1, "lifetimeSeconds": 600}')["invite"]
    network = arena.poster.tell("GET", "/v1/status")["network"]
    guest.start("join", *guest.settings, invite=invite)
    wait(moment(arena, "join"))
    guest.kill()
    left = Remains(guest.data)
    is_member = left.network == network
    if not left.has_identity:
        kill = Kill("join: nothing made yet")
    elif left.network is None:
        kill = Kill("join: identity only")
    else:
        kill = Kill("join: a member" if is_member else "join: still in a network of its own")
    if is_member != left.has_certificate:
        kill.faults.append("half in one network, half in another")
    try:
        began = time.monotonic()
        guest.start("run") if left.has_identity else guest.start("join", *guest.settings, invite=invite)
        until(20, guest.is_up, "the guest answers")
        if left.has_identity and (guest.tell("GET", "/v1/status")["network"] == network) != is_member:
            kill.faults.append("another network after the restart than before")
        if left.has_identity and not is_member:
            guest.succeed("join", invite)
        until(20, lambda: is_known(guest, arena), "the guest is known to the others")
        learn("join", time.monotonic() - began)
        kill.outcome = "a member since" if is_member else "joined with the same invite"
        kill.faults += arena.judge(guest)
    finally:
        guest.stop()
    return kill


def is_known(guest: RoadNode, arena: Arena) -> bool:
    return any(
        peer["name"] == guest.name and peer["condition"] == "alive" for peer in arena.poster.tell("GET", "/v1/peers")
    )


def start(arena: Arena) -> Kill:
    victim = arena.chance.choice(arena.nodes)
    victim.kill()
    victim.start("run")
    wait(arena.chance.uniform(0, 1.3 * durations["start"]))
    with socket.socket() as probe:
        is_open = probe.connect_ex(("127.0.0.1", victim.port)) == 0
    victim.kill()
    kill = Kill("start: open" if is_open else "start: before the doors are open")
    began = time.monotonic()
    end(arena, victim, kill)
    learn("start", time.monotonic() - began)
    arena.settle()
    kill.outcome = "as before"
    return kill


def init(arena: Arena) -> Kill:
    guest = arena.guest()
    guest.start("init", *guest.settings)
    wait(arena.chance.uniform(0, 0.3))
    guest.kill()
    left = Remains(guest.data)
    if not left.has_identity:
        kill = Kill("init: settings only" if left.has_settings else "init: nothing made yet")
        guest.succeed("init", *guest.settings)
    else:
        kill = Kill("init: done" if left.network else "init: identity, no database")
    if left.has_identity and not left.has_settings:
        kill.faults.append("a node that does not know its settings")
    try:
        guest.start("run")
        until(20, guest.is_up, "the new node answers")
        kill.outcome = "as asked for"
        if guest.tell("GET", "/v1/status")["name"] != guest.name:
            kill.faults.append("it runs with other settings")
        kill.faults += arena.judge(guest)
    finally:
        guest.stop()
    return kill


def wait(seconds: float) -> None:
    time.sleep(seconds)


def waiting(condition: Callable[[], bool]) -> None:
    """Looks very often, and not for ever."""
    ends = time.monotonic() + 10
    while not condition() and time.monotonic() < ends:
        time.sleep(0.001)


KILLS = {
    "post": post, "pull": pull, "source": source, "serve": serve, "lease": lease, "join": join, "start": start,
    "init": init,
}  # fmt: skip
