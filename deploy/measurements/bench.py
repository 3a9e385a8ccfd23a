"""A world in which commands can go wrong: nodes in every state, and what a person may take for one."""

import hashlib
import json
import os
import pwd
import re
import shutil
import socket
import socketserver
import sqlite3
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from .figures import Broken, Figures
from .network import Folder, Node, Plan, free_ports, until

PERSON = "nobody"


class Bench(AbstractContextManager):
    """Two running networks, directories in every state, files, and strangers at sockets and ports."""

    def __init__(self, program: str, folder: Folder, theirs: Path | None) -> None:
        self.program = program
        self.folder = folder.path
        self.homes = folder.folder("homes")
        self.home = folder.folder("home")
        with ExitStack() as unwinding:
            self.names = {"folder": str(self.homes), "theirs": str(theirs)}
            self.prepare_files(folder, unwinding)
            self.prepare_nodes(unwinding)
            self.prepare_strangers(unwinding)
            self.unwinding = unwinding.pop_all()
        self.expected = self.tree(self.homes)

    def __exit__(self, *_) -> None:
        self.unwinding.close()

    # What is there

    def prepare_files(self, folder: Folder, unwinding: ExitStack) -> None:
        film = folder.file("film.mp4", 1 << 20)
        other = self.folder / "other.mp4"
        other.write_bytes(b"another film")
        vast = self.folder / "vast.mp4"
        with vast.open("wb") as file:
            file.truncate(1 << 42)
        large = self.folder / "large.mp4"
        with large.open("wb") as file:
            file.truncate(1 << 30)
        unreadable = self.folder / "unreadable.mp4"
        unreadable.write_bytes(b"a film")
        unreadable.chmod(0)
        for name, mode in (("private", 0), ("readonly", 0o555), ("scratch", 0o755)):
            place = folder.folder(name)
            place.chmod(mode)
            unwinding.callback(place.chmod, 0o755)
            self.names[name] = str(place)
        self.names |= {
            "film": str(film), "other": str(other), "vast": str(vast), "large": str(large), "unreadable": str(unreadable),
        }  # fmt: skip

    def prepare_nodes(self, unwinding: ExitStack) -> None:
        ports = free_ports(6)
        attic, cellar, guest, stopped, killed, exposed = self.nodes = [
            Node(self.program, Plan(name, "DE"), self.homes, port)
            for name, port in zip(("attic", "cellar", "guest", "stopped", "killed", "exposed"), ports, strict=True)
        ]
        self.running = attic
        for node in (attic, cellar, stopped, killed, exposed):
            node.succeed("init", *node.settings)
        for node in (attic, cellar, killed):
            unwinding.callback(node.stop)
            node.start()
            until(20, node.is_up, f"{node.name} answers")
        killed.kill()
        (exposed.data / "identity.key").chmod(0o640)
        spent = attic.succeed("invite")
        unwinding.callback(guest.stop)
        guest.start("join", *guest.settings, invite=spent)
        until(20, lambda: guest.is_up() and attic.ask("status")["members"]["alive"] == 1, "the guest has joined")
        invite = attic.succeed("invite", "--uses", "5")
        free = free_ports(2)
        regretted = attic.succeed("post", self.names["other"])
        attic.succeed("unpost", regretted)
        self.names |= {
            "port": str(attic.port), "free": str(free[0]), "nobody": str(free[1]), "link": attic.succeed("post", self.names["film"]),
            "stopped": str(stopped.data), "killed": str(killed.data), "exposed": str(exposed.data),
            "fresh": str(self.homes / "fresh"), "spent": spent, "invite": invite, "cut": invite[:-20],
            "guest": str(guest.data), "lonely": str(cellar.data), "regretted": regretted,
            "foreign": cellar.succeed("invite"), "expired": attic.succeed("invite", "--expires", "1s"),
        }  # fmt: skip

    def prepare_strangers(self, unwinding: ExitStack) -> None:
        newer = json.dumps({"api": 99, "software": "9.9.9", "value": {}})
        for name, body in (("newer", newer), ("stranger", "<html>Hello</html>")):
            place = self.homes / name
            shutil.copytree(self.names["stopped"], place)
            server = Stranger(str(place / "node.sock"), socket.AF_UNIX, body)
            unwinding.callback(server.stop)
            self.names[name] = str(place)
        web = Stranger(("127.0.0.1", 0), socket.AF_INET, "<html>Hello</html>")
        unwinding.callback(web.stop)
        self.names["web"] = str(web.server_address[1])

    # What commands are given, and what people see of it

    def fill(self, text: str) -> str:
        for name, value in self.names.items():
            text = text.replace("{" + name + "}", value)
        return text

    def show(self, text: str) -> str:
        """Without what a reader need not see whole."""
        text = text.replace(str(self.homes), "~").replace(str(self.folder), "")
        return re.sub(r"potluck1[a-z2-7]{16,}", lambda token: token[0][:16] + "…", text)

    def place(self, data: str | None) -> tuple[Path | None, dict[str, str]]:
        """The data directory of a command, and the environment that says so."""
        home = {"HOME": str(self.home), "PWD": str(self.homes)}
        if data is None:
            return None, home
        if data == "running":
            path = self.running.data
        elif data.startswith("{"):
            path = Path(self.fill(data))
        else:
            path = Path(self.names["stopped"])
            (path / "node.yaml").write_text(data + "\n")
        return path, home | {"NODE_DATA": str(path)}

    def incoming(self) -> int:
        """Bytes of what the running node is being given."""
        folder = self.running.data / "files/incoming"
        try:
            return sum(path.stat().st_blocks << 9 for path in folder.iterdir())
        except FileNotFoundError:
            return 0

    # What may not change

    def state(self, data: Path | None) -> dict[str, str]:
        """Everything, as far as a person could tell."""
        files = self.tree(self.folder)
        for node in self.nodes[:3]:
            status = node.ask("status")
            facts = {name: status[name] for name in ("id", "network", "name", "files", "stored", "members")}
            files[node.name] = json.dumps([facts, [file["id"] for file in node.ask("list")]], sort_keys=True)
        return files

    def tree(self, folder: Path) -> dict[str, str]:
        """Every path with its content; of a database what stands in it, of a running node what only its operator writes."""
        busy = {node.name for node in self.nodes[:3]}
        tree: dict[str, str] = {}
        for place, folders, names in os.walk(folder):
            folders.sort()
            tree[place] = "directory"
            for name in sorted(names):
                path = Path(place, name)
                is_busy = path.is_relative_to(self.homes) and path.relative_to(self.homes).parts[0] in busy
                if name.endswith(("-wal", "-shm", ".lock", ".log")) or is_busy and name.startswith("potluck.sqlite"):
                    continue
                tree[str(path)] = content(path)
        return tree

    def leavings(self) -> list[str]:
        return [self.show(path) for path in self.tree(self.homes) if path not in self.expected]


class Stranger(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Answers every request the same."""

    daemon_threads = True

    def __init__(self, address, family: int, body: str) -> None:
        self.address_family = family
        text = body.encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n".encode()

        class Answer(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                self.request.recv(1 << 16)
                self.request.sendall(head + text)

        super().__init__(address, Answer)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


def content(path: Path) -> str:
    if path.suffix == ".sqlite":
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            rows = [repr(sorted(database.execute(f'SELECT * FROM "{table}"'), key=repr)) for table in sorted(tables)]
            return hashlib.sha256("\n".join(rows).encode()).hexdigest()
    facts = path.lstat()
    try:
        with path.open("rb") as file:
            return f"{facts.st_mode:o} {facts.st_size} " + hashlib.sha256(file.read(1 << 21)).hexdigest()
    except OSError:
        return f"{facts.st_mode:o} {facts.st_size}"


@contextmanager
def node_of_another(program: str) -> Iterator[Path | None]:
    """A running node that is not the person's; none where there is nobody else."""
    if os.geteuid() != 0:
        yield None
        return
    with Folder("theirs") as folder:
        folder.path.chmod(0o755)
        node = Node(program, Plan("theirs", "DE"), folder.path, free_ports(1)[0])
        node.succeed("init", *node.settings)
        node.start()
        try:
            until(20, node.is_up, "somebody else's node answers")
            yield node.data
        finally:
            node.stop()


def as_anybody(folder: Folder, work: Callable[[], None], figures: Figures) -> None:
    """Does the work as a person without privileges, whom permissions bind: in a process of its own where this one has
    them.
    """
    if os.geteuid() != 0:
        return work()
    person = pwd.getpwnam(PERSON)
    os.chown(folder.path, person.pw_uid, person.pw_gid)
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setgroups([])
            os.setgid(person.pw_gid)
            os.setuid(person.pw_uid)
            work()
            status = 0 if figures.holds else 1
        except Broken as reason:
            figures.broken(reason)
        except Exception:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(status)
    _, status = os.waitpid(child, 0)
    figures.holds = figures.holds and status == 0
