"""A network of three nodes, each behind a slow road, and what has to be so when they are left alone."""

import functools
import hashlib
import http.client
import itertools
import json
import random
import re
import socket
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from .figures import Broken
from .network import Network, Node, Plan, free_ports, sha256, until
from .remains import Remains
from .road import Roads

LENGTH = 12 << 20
PIECE = 256 << 10
# So slow that pulling takes about a second.
ROAD_BYTES_PER_SECOND = 16 << 20
# How long a file takes to be given to a node.
GIVING = 0.5
# A restarted node is back among its members, and what was under way goes on, within this.
PATIENCE = 90.0
# Heads of responses, calls between nodes, and the end of a piece that was on its way, beside the pieces of a file.
SLACK = 768 << 10
PLANS = [Plan("poster", "ZA"), Plan("one", "US"), Plan("two", "DE")]

class RoadNode(Node):
    """Everybody else finds it at the end of its road."""

    def __init__(self, roads: Roads, program: str, plan: Plan, folder: Path, port: int) -> None:
        super().__init__(program, plan, folder, port)
        self.road = roads.open(port, ROAD_BYTES_PER_SECOND)
        self.url = self.road.url
        # What clients got that did not take the road.
        self.direct = 0
        # What its account was beyond what was counted, when that was last looked at.
        self.over = 0

    @property
    def settings(self) -> list[str]:
        return [*super().settings, "--url", self.url, "--advertise", f"127.0.0.1:{self.port}"]

    def start(self, *arguments: str, invite: str | None = None) -> None:
        # All files are one publisher's, and in a long run more than one may have of a disk.
        settings = self.data / "node.yaml"
        if settings.exists():
            text = settings.read_text()
            settings.write_text(re.sub("^#accept:.*$", "accept: {publisherShare: 100 %}", text, flags=re.MULTILINE))
        super().start(*arguments, invite=invite)

    @property
    def sent(self) -> int:
        return self.road.count + self.direct

    def tell(self, method: str, path: str, body: bytes | None = None):
        """What its operator's door answers."""
        connection = Console(self)
        try:
            connection.request(method, path, body)
            answer = json.load(connection.getresponse())
        except (OSError, http.client.HTTPException, json.JSONDecodeError) as error:
            raise Broken(f"{self.name} does not answer {path}: {error!r}") from None
        finally:
            connection.close()
        if answer.get("value") is None:
            raise Broken(f"{self.name} answers {path} with {answer}")
        return answer["value"]

    def is_up(self) -> bool:
        if self.process.poll() is not None:
            raise Broken(f"{self.name} ended by itself: {self.log.read_text(errors='replace')[-500:]}")
        with suppress(Broken):
            return bool(self.tell("GET", "/v1/status"))
        return False

    def copies(self) -> dict[str, str]:
        """The state of each file's copy here."""
        return {file["id"]: file["copy"]["state"] for file in self.tell("GET", "/v1/files")}


class Console(http.client.HTTPConnection):
    def __init__(self, node: Node) -> None:
        super().__init__("node", timeout=20)
        self.path = str(node.data / "node.sock")

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Posting(threading.Thread):
    """Somebody who gives a node a file, in a stated time."""

    def __init__(self, node: RoadNode, name: str, content: bytes, replicas: int, seconds: float) -> None:
        super().__init__(daemon=True)
        self.node = node
        self.name_of_file = name
        self.content = content
        self.replicas = replicas
        self.seconds = seconds
        self.given = 0
        self.file: str | None = None

    def run(self) -> None:
        connection = Console(self.node)
        with suppress(OSError, http.client.HTTPException, json.JSONDecodeError):
            query = urllib.parse.urlencode({"name": self.name_of_file, "replicas": self.replicas})
            connection.putrequest("POST", f"/v1/posts?{query}")
            connection.putheader("Content-Length", str(len(self.content)))
            connection.endheaders()
            started = time.monotonic()
            for start in range(0, len(self.content), PIECE):
                connection.send(self.content[start : start + PIECE])
                self.given = min(start + PIECE, len(self.content))
                ahead = self.seconds * self.given / len(self.content) - (time.monotonic() - started)
                time.sleep(max(0, ahead))
            self.file = json.load(connection.getresponse())["value"]["id"]
        connection.close()


class Arena(AbstractContextManager):
    def __init__(self, program: str, folder: Path, roads: Roads, chance: random.Random) -> None:
        self.program = program
        self.folder = folder
        self.roads = roads
        self.chance = chance
        self.network = Network(program, PLANS, folder, functools.partial(RoadNode, roads))
        self.poster: RoadNode = self.network.nodes[0]
        self.nodes: list[RoadNode] = self.network.nodes
        # What was ever given to a node, by the name of the file: the seed of its bytes, and their digest.
        self.contents: dict[str, tuple[int, str]] = {}
        # The names of files that are there for good, by their identifiers: their links were told, or they turned up.
        self.files: dict[str, str] = {}
        self.numbers = itertools.count(1)

    def __exit__(self, *_) -> None:
        self.network.stop()

    def content(self) -> tuple[str, bytes]:
        name = f"file-{next(self.numbers)}.bin"
        seed = self.chance.getrandbits(64)
        content = random.Random(seed).randbytes(LENGTH)
        self.contents[name] = (seed, hashlib.sha256(content).hexdigest())
        return name, content

    def post(self) -> Posting:
        """A file that was posted at the speed of the machine; its replicas are on their way."""
        posting = Posting(self.poster, *self.content(), replicas=2, seconds=0)
        posting.start()
        posting.join(60)
        if posting.file is None:
            raise Broken("a file could not be posted")
        self.files[posting.file] = posting.name_of_file
        return posting

    def guest(self) -> RoadNode:
        """A node that is not there yet."""
        plan = Plan(f"guest{next(self.numbers)}", "KE")
        return RoadNode(self.roads, self.program, plan, self.folder, free_ports(1)[0])

    def expected(self, file: str) -> bytes:
        return random.Random(self.contents[self.files[file]][0]).randbytes(LENGTH)

    # What has to be so

    def settle(self) -> None:
        """Waits until every node has every file."""
        for node in self.nodes:
            until(PATIENCE, lambda node=node: self.has_all(node), f"{node.name} has every file that was posted")

    def has_all(self, node: RoadNode) -> bool:
        copies = node.copies()
        return all(copies.get(file) == "complete" for file in self.files)

    def restart(self, node: RoadNode) -> Iterator[str]:
        """Starts a node that was killed, and says what is wrong with it."""
        node.start("run")
        until(20, node.is_up, f"{node.name} answers after a restart")
        yield from self.judge(node)

    def judge(self, node: RoadNode) -> Iterator[str]:
        copies = node.copies()
        left = Remains(node.data)
        for file, path in left.files.items():
            # What it holds for others it tells of when a tracker has confirmed it.
            if file not in copies and file not in left.records:
                yield f"{node.name} keeps {file}, which it does not know"
            elif copies.get(file) == "complete" and not self.is_right(node, file, path):
                yield f"{node.name} says that {file} is complete, and its bytes are others"
        complete = (file for file in copies if copies[file] == "complete")
        yield from (f"{node.name} lacks {file}" for file in complete if file not in left.files)
        yield from (f"{node.name} left {path.name} behind" for path in left.incoming + left.orphans)
        yield from (f"{node.name} left {path.name} behind" for path in node.data.glob("*.new"))
        spent, sent = self.spent(node), node.sent
        if spent < sent:
            yield f"{node.name} sent {sent:,} bytes, and its account says {spent:,}"

    def is_right(self, node: RoadNode, file: str, path: Path) -> bool:
        if file not in self.files:
            self.files[file] = node.tell("GET", f"/v1/files/{file}")["file"]["name"]
        return sha256(path) == self.contents[self.files[file]][1]

    def spent(self, node: RoadNode) -> int:
        return sum(row["spent"] for row in node.tell("GET", "/v1/allowance")["classes"])

    def sent(self, but: RoadNode) -> int:
        return sum(node.road.count for node in self.nodes if node is not but)
