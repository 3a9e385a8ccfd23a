"""A network between one node and its clients on which every packet is counted."""

import ctypes
import os
import re
import socket
import subprocess
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass

from .network import ENVIRONMENT

CLONE_NEWNET = 0x40000000
# Frames of Ethernet: TCP without options, and ARP.
RESET = 54
QUESTION = 42


@dataclass(frozen=True)
class Sent:
    bytes: int
    packets: int


class Wire(AbstractContextManager):
    """Two network namespaces with a cable between them: the node in one, and in the other clients with any address of
    10.80.0.0/13. Where none can be made (it takes root), both are on loopback, and nothing is counted."""

    def __init__(self) -> None:
        names = [f"potluck-{side}-{os.getpid()}" for side in ("node", "clients")]
        self.node, self.clients = names
        self.counts = False
        self.stack = ExitStack()
        if run("ip", "netns", "add", self.node):
            self.stack.callback(run, "ip", "netns", "delete", self.node)
            if run("ip", "netns", "add", self.clients):
                self.stack.callback(run, "ip", "netns", "delete", self.clients)
                self.counts = self.lay()

    def lay(self) -> bool:
        """Lays the cable; packets on it are as long as on Ethernet, so that each one's headers are counted."""
        inside, outside = ("ip", "-n", self.node), ("ip", "-n", self.clients)
        return all(
            run(*command)
            for command in (
                ("ip", "netns", "exec", self.node, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1"),
                (*inside, "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", self.clients),
                (*inside, "link", "set", "wire", "gso_max_segs", "1"),
                (*outside, "link", "set", "wire", "gso_max_segs", "1"),
                (*inside, "address", "add", "10.64.0.2/30", "dev", "wire"),
                (*outside, "address", "add", "10.64.0.1/30", "dev", "wire"),
                (*inside, "link", "set", "lo", "up"), (*outside, "link", "set", "lo", "up"),
                (*inside, "link", "set", "wire", "up"), (*outside, "link", "set", "wire", "up"),
                (*inside, "route", "add", "default", "via", "10.64.0.1"),
                (*outside, "route", "add", "local", "10.80.0.0/13", "dev", "lo"),
            )
        )  # fmt: skip

    def __exit__(self, *_) -> None:
        self.stack.close()

    @property
    def node_address(self) -> str:
        return "10.64.0.2" if self.counts else "127.0.0.1"

    @property
    def inside_node(self) -> list[str]:
        """What a program is started with to run on the node's side."""
        return ["ip", "netns", "exec", self.node] if self.counts else []

    def connect(self, port: int, address: str, receive_buffer: int) -> socket.socket:
        """A connection of a client with an address of its own; it does not wait for bytes."""
        connection = self.socket()
        try:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            connection.settimeout(2)
            connection.bind((address if self.counts else "127." + address.split(".", 1)[1], 0))
            connection.connect((self.node_address, port))
        except OSError:
            connection.close()
            raise
        connection.setblocking(False)
        return connection

    def socket(self) -> socket.socket:
        if not self.counts:
            return socket.socket()
        # A socket belongs to the namespace that its thread was in when it was made.
        with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{self.clients}") as away:
            enter(away.fileno())
            try:
                return socket.socket()
            finally:
                enter(home.fileno())

    def sent(self) -> Sent:
        """What has left the node so far: whole Ethernet frames."""
        statistics = self.inside("cat", "/proc/net/dev")
        numbers = re.search(r"wire:((?:\s+\d+)+)", statistics)[1].split()
        return Sent(bytes=int(numbers[8]), packets=int(numbers[9]))

    def retransmitted(self) -> int:
        return self.counted("RetransSegs")

    def refusals(self) -> int:
        """What left that no program sent: resets, and questions for addresses on the cable."""
        return self.counted("OutRsts") * RESET + (self.sent().packets - self.counted("OutSegs")) * QUESTION

    def counted(self, name: str) -> int:
        names, numbers = (line.split() for line in self.inside("cat", "/proc/net/snmp").splitlines()
                          if line.startswith("Tcp:"))  # fmt: skip
        return int(numbers[names.index(name)])

    def inside(self, *command: str) -> str:
        return subprocess.run([*self.inside_node, *command], capture_output=True, text=True, check=True).stdout


def enter(descriptor: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def run(*command: str) -> bool:
    try:
        outcome = subprocess.run(command, env=ENVIRONMENT, capture_output=True)
    except FileNotFoundError:
        return False
    return outcome.returncode == 0
