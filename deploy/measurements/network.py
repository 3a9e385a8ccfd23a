"""Nodes as their operators have them: data directories, commands, and processes on loopback."""

import hashlib
import http.client
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from .figures import Broken, mebibytes

COUNTRY_TABLES = "/usr/share/tor"

# What children get: no setting that this shell happens to have, and no proxy between processes of one machine.
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith("NODE_") and not name.lower().endswith("_proxy")
}


class Folder(AbstractContextManager):
    """A temporary directory for one measurement."""

    def __init__(self, name: str, keep: bool = False) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=f"potluck.{name}."))
        self.keep = keep

    def __exit__(self, *_) -> None:
        if self.keep:
            print(f"  Left behind: {self.path}", flush=True)
        else:
            shutil.rmtree(self.path, ignore_errors=True)

    def folder(self, name: str) -> Path:
        path = self.path / name
        path.mkdir()
        return path

    def file(self, name: str, length: int) -> Path:
        """A file of random bytes."""
        path = self.path / name
        with path.open("wb") as file:
            for start in range(0, length, 1 << 22):
                file.write(secrets.token_bytes(min(1 << 22, length - start)))
        return path


@dataclass(frozen=True)
class Plan:
    """What a node is started with."""

    name: str
    country: str
    allowance: str = "100TB/month"


# One in each of five countries; the first founds the network and shares the files. They have so much to spare that only
# distance decides: a node that has spent a hundredth of its share counts as a little further away.
WORLD = [Plan("durban", "ZA"), Plan("boston", "US"), Plan("berlin", "DE"), Plan("tokyo", "JP"), Plan("recife", "BR")]


@dataclass(frozen=True)
class Memory:
    """Bytes of a process in memory."""

    NAMES = ("VmRSS", "RssAnon", "RssFile", "VmHWM")
    resident: int
    # Its own; and those of the program and its libraries, which are mapped from files and may be dropped again.
    own: int
    mapped: int
    # Resident at most so far.
    most: int

    def __str__(self) -> str:
        return (
            f"{mebibytes(self.resident)} resident: {mebibytes(self.own)} its own, {mebibytes(self.mapped)} of the "
            f"program; at most {mebibytes(self.most)}"
        )


class Node:
    def __init__(self, program: str, plan: Plan, folder: Path, port: int) -> None:
        self.program = program
        self.plan = plan
        self.name = plan.name
        self.data = folder / plan.name
        self.log = folder / f"{plan.name}.log"
        self.port = port
        self.host = "127.0.0.1"
        self.url = f"http://{self.host}:{port}"
        self.process: subprocess.Popen | None = None

    @property
    def settings(self) -> list[str]:
        return [
            "--name", self.name, "--listen", f"{self.host}:{self.port}", "--location", self.plan.country,
            "--allowance", self.plan.allowance, "--disk", "20GB", "--pulse", "1s", "--geo", COUNTRY_TABLES,
            "--trusted-proxies", "127.0.0.1/32",
        ]  # fmt: skip

    # The process

    def start(self, *arguments: str, invite: str | None = None) -> None:
        self.launch([self.program, *(arguments or ["run"])], invite)

    def launch(self, command: list[str], invite: str | None) -> None:
        environment = ENVIRONMENT | {"NODE_DATA": str(self.data)} | ({"NODE_INVITE": invite} if invite else {})
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )  # fmt: skip

    def kill(self) -> None:
        """Ends it at once, without a chance to put anything in order."""
        self.process.kill()
        self.process.wait()
        self.process = None

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def processor(self) -> float:
        """Seconds that all its threads have run."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> "Memory":
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return Memory(*(int(re.search(rf"{name}:\s+(\d+) kB", status)[1]) << 10 for name in Memory.NAMES))

    # Its commands

    def command(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [self.program, *arguments, "--data", self.data], env=ENVIRONMENT, stdin=subprocess.DEVNULL,
            capture_output=True, text=True,
        )  # fmt: skip

    def succeed(self, *arguments: str) -> str:
        outcome = self.command(*arguments)
        if outcome.returncode != 0:
            raise Broken(f"node {arguments[0]} at {self.name}: {outcome.stderr.strip()}")
        return outcome.stdout.strip()

    def ask(self, *arguments: str):
        """What a command answers with --json."""
        answer = self.succeed(*arguments, "--json")
        try:
            return json.loads(answer)
        except json.JSONDecodeError:
            raise Broken(f"node {arguments[0]} --json at {self.name} answers no JSON: {answer[:80]!r}") from None

    def is_up(self) -> bool:
        if self.process.poll() is not None:
            raise Broken(f"{self.name} ended by itself: {self.log.read_text(errors='replace')[-500:]}")
        return self.command("status").returncode == 0

    def post(self, file: Path, replicas: int) -> tuple[str, float, float]:
        """Posts a file: its link, and the seconds until that was printed and until the copies were there."""
        started = time.monotonic()
        with (self.data.parent / "post.log").open("ab") as remarks:
            command = subprocess.Popen(
                [self.program, "post", "--wait", "--replicas", str(replicas), "--data", self.data, file],
                env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=remarks, text=True,
            )  # fmt: skip
        try:
            link = command.stdout.readline().strip()
            posted = time.monotonic() - started
            command.wait(timeout=900)
        except subprocess.TimeoutExpired:
            raise Broken(f"{file.name} was not replicated in 900 s") from None
        finally:
            command.kill()
            command.wait()
        if command.returncode != 0:
            raise Broken(f"node post: {(self.data.parent / 'post.log').read_text().strip()}")
        return link, posted, time.monotonic() - started

    def spent(self, kind: str) -> int:
        """Bytes sent in this period for one class of traffic, as its account has it."""
        return next(row["spent"] for row in self.ask("allowance")["classes"] if row["name"] == kind)

    def holders(self, link: str) -> list[dict]:
        return [holder for holder in self.ask("show", link)["holders"] if holder["isComplete"]]


class Network(AbstractContextManager):
    """Nodes that all know each other."""

    def __init__(self, program: str, plans: list[Plan], folder: Path, make: Callable[..., Node] = Node) -> None:
        self.nodes = [
            make(program, plan, folder, port) for plan, port in zip(plans, free_ports(len(plans)), strict=True)
        ]
        with ExitStack() as unwinding:
            unwinding.callback(self.stop)
            self.grow()
            unwinding.pop_all()

    def __exit__(self, *_) -> None:
        self.stop()

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()

    def grow(self) -> None:
        founder, *others = self.nodes
        founder.succeed("init", *founder.settings)
        founder.start()
        until(20, founder.is_up, "the founder answers")
        if others:
            invite = founder.succeed("invite", "--uses", str(len(others)))
            for node in others:
                node.start("join", *node.settings, invite=invite)
        for node in others:
            until(20, node.is_up, f"{node.name} answers")
        until(20, self.all_know_all, "all know all")
        self.ids = {node.ask("status")["id"]: node for node in self.nodes}

    def all_know_all(self) -> bool:
        return all(node.ask("status")["members"]["alive"] == len(self.nodes) - 1 for node in self.nodes)

    def at(self, url: str) -> Node | None:
        """The node that answers at a URL."""
        return next((node for node in self.nodes if url.startswith(node.url + "/")), None)


class Asker(AbstractContextManager):
    """Asks a node whom it would send clients to, over a connection that stays."""

    def __init__(self, network: Network, node: Node) -> None:
        self.network = network
        self.node = node
        self.connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=10)

    def __exit__(self, *_) -> None:
        self.connection.close()

    def request(self, method: str, target: str, address: str) -> tuple[http.client.HTTPResponse, bytes]:
        self.connection.request(method, target, headers={"X-Forwarded-For": address})
        response = self.connection.getresponse()
        return response, response.read()

    def choice(self, link: str, address: str) -> Node | None:
        """Who would serve a client, asked with HEAD and following nothing; nothing when nobody would."""
        response, _ = self.request("HEAD", urlsplit(link).path, address)
        if response.status == 302:
            return self.network.at(response.headers["Location"])
        return self.node if response.status == 200 else None


def until(limit: float, condition: Callable[[], bool], what: str) -> float:
    """Waits until something is so; the seconds it took."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > limit:
            raise Broken(f"not so in {limit:.0f} s: {what}")
        time.sleep(0.1)
    return time.monotonic() - started


def free_ports(count: int) -> list[int]:
    """Ports that are free for TCP and UDP."""
    with ExitStack() as held:
        ports: list[int] = []
        while len(ports) < count:
            stream = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            stream.bind(("127.0.0.1", 0))
            datagrams = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            try:
                datagrams.bind(stream.getsockname())
            except OSError:
                continue
            ports.append(stream.getsockname()[1])
        return ports


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
