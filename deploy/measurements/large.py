"""A large file, beside what does nothing else: hashing with OpenSSL, serving with nginx."""

import mmap
import os
import shutil
import statistics
import subprocess
import time
from contextlib import AbstractContextManager
from pathlib import Path

from .figures import Broken, Figures, mebibytes, runs
from .network import ENVIRONMENT, Folder, Network, Node, Plan, free_ports, sha256, until

LENGTH = 1 << 30
POSTS = 3
DOWNLOADS = 5
# Against openssl and nginx, at their speed.
LEAST_POSTING = 0.9
LEAST_SERVING = 1.0
# Neither posting nor serving may take memory with the length of the file.
MOST_GROWTH = 32 << 20
MOST_MEMORY = 64 << 20

NGINX = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ }}
http {{
    access_log off;
    sendfile on;
    client_body_temp_path {folder};
    proxy_temp_path {folder};
    fastcgi_temp_path {folder};
    uwsgi_temp_path {folder};
    scgi_temp_path {folder};
    server {{ listen 127.0.0.1:{port}; root {root}; }}
}}
"""


def measure(program: str, folder: Folder, figures: Figures) -> None:
    for tool in ("nginx", "openssl"):
        if shutil.which(tool) is None:
            raise Broken(f"{tool} is missing, which this compares with: apt-get install {tool}")
    figures.title(f"Large: a file of {LENGTH >> 30} GiB; medians, each in turn with what it stands beside")
    sources = folder.folder("sources")
    with Network(program, [Plan("durban", "ZA")], folder.folder("nodes")) as network:
        node = network.nodes[0]
        before = node.memory()
        files = [folder.file(f"sources/film-{number}.mp4", LENGTH) for number in range(POSTS)]
        link = measure_posting(node, files, folder, figures)
        with Nginx(sources, folder.folder("nginx")) as nginx:
            measure_serving(node, link, nginx, nginx.url + files[-1].name, figures)
        after = node.memory()
        figures.figure("memory of the node before", f"{before}")
        figures.figure("memory of the node after both", f"{after}")
        growth = after.most - before.resident
        figures.promise(
            "  the most at any time, beyond before", mebibytes(growth), f"at most {mebibytes(MOST_GROWTH)}",
            growth <= MOST_GROWTH,
        )  # fmt: skip
        figures.aim(
            "  resident", mebibytes(after.resident), f"at most {mebibytes(MOST_MEMORY)}", after.resident <= MOST_MEMORY
        )


def measure_posting(node: Node, files: list[Path], folder: Folder, figures: Figures) -> str:
    """Posts each file once, for every one is new to the node; the link of the last."""
    hashing, writing, posting = [], [], []
    link = ""
    for file in files:
        settle()
        hashing.append(timed("openssl", "dgst", "-sha256", file))
        settle()
        copy = folder.path / "copy"
        writing.append(timed("dd", f"if={file}", f"of={copy}", "bs=1M", "conv=fsync"))
        copy.unlink()
        settle()
        link, seconds, _ = node.post(file, 0)
        posting.append(seconds)
    shown = node.ask("show", link)["sha256"]
    figures.promise("the node's SHA-256 of it", f"{shown[:12]}…", "sha256sum's", shown == sha256(files[-1]))
    figures.figure("openssl dgst -sha256", runs(hashing, "s"))
    figures.figure("a copy on disk, dd conv=fsync", runs(writing, "s"))
    figures.figure("node post, until its link: both, and the tree", runs(posting, "s"))
    rate = statistics.median(hashing) / statistics.median(posting)
    figures.aim("  against openssl", f"{rate:.2f}", f"at least {LEAST_POSTING}", rate >= LEAST_POSTING)
    return link


def measure_serving(node: Node, link: str, nginx: "Nginx", other: str, figures: Figures) -> None:
    throughput: dict[str, list[float]] = {link: [], other: []}
    for turn in range(DOWNLOADS + 1):
        for url, rates in throughput.items():
            spent = timed("curl", "--disable", "--silent", "--show-error", "--fail", "--output", "/dev/null", url)
            if turn > 0:  # The first fills the page cache.
                rates.append(LENGTH / 1e6 / spent)
    figures.figure("a download from nginx with sendfile", runs(throughput[other], "MB/s", 0))
    figures.figure("a download from the node", runs(throughput[link], "MB/s", 0))
    rate = statistics.median(throughput[link]) / statistics.median(throughput[other])
    figures.aim("  against nginx", f"{rate:.2f}", f"at least {LEAST_SERVING}", rate >= LEAST_SERVING)


class Nginx(AbstractContextManager):
    """nginx with sendfile over a folder."""

    def __init__(self, root: Path, folder: Path) -> None:
        [port] = free_ports(1)
        self.url = f"http://127.0.0.1:{port}/"
        configuration = folder / "nginx.conf"
        configuration.write_text(NGINX.format(folder=folder, root=root, port=port))
        command = ["nginx", "-p", folder, "-e", folder / "error.log", "-c", configuration]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        probe = ["curl", "--disable", "--silent", "--output", "/dev/null", self.url]
        try:
            until(10, lambda: subprocess.run(probe, env=ENVIRONMENT).returncode == 0, "nginx answers")
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_) -> None:
        self.process.terminate()
        self.process.wait()


def settle() -> None:
    """Lets the disk finish what it was given, and takes as much memory as the next step will: a virtual machine may get
    it from its host more slowly than anything here that is measured, and gives it back when it is not used."""
    os.sync()
    with mmap.mmap(-1, LENGTH + (LENGTH >> 2)) as memory:
        for start in range(0, len(memory), 1 << 24):
            memory[start : start + (1 << 24)] = bytes([1]) * (1 << 24)


def timed(*command: str | Path) -> float:
    started = time.monotonic()
    outcome = subprocess.run(command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if outcome.returncode != 0:
        raise Broken(f"{command[0]}: {outcome.stderr.strip()}")
    return time.monotonic() - started
