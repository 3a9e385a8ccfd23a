"""A large file, beside what does nothing else: hashing with OpenSSL, serving with nginx."""

import os
import shutil
import statistics
import subprocess
import time
from contextlib import AbstractContextManager
from pathlib import Path

from .figures import Broken, Figures, mebibytes, runs
from .network import ENVIRONMENT, Folder, Network, Node, Plan, free_ports, until

LENGTH = 1 << 30
RUNS = 3
LEAST_POSTING = 0.9
LEAST_SERVING = 0.9
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
    sendfile_max_chunk 2m;
    tcp_nopush on;
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
    figures.title(f"Large: a file of {LENGTH >> 30} GiB; medians of {RUNS} runs, in turns")
    sources = folder.folder("sources")
    with Network(program, [Plan("durban", "ZA")], folder.folder("nodes")) as network:
        node = network.nodes[0]
        figures.figure("resident before", memory(node))
        files = [folder.file(f"sources/film-{number}.mp4", LENGTH) for number in range(RUNS)]
        link = measure_posting(node, files, folder, figures)
        figures.figure("resident after posting", memory(node))
        with Nginx(sources, folder.folder("nginx")) as nginx:
            measure_serving(node, link, nginx, nginx.url + files[-1].name, figures)
        now, most = node.memory()
        figures.promise(
            "resident at most, after both", mebibytes(most), f"at most {mebibytes(MOST_MEMORY)}", most <= MOST_MEMORY
        )
        figures.figure("  now", mebibytes(now))


def measure_posting(node: Node, files: list[Path], folder: Folder, figures: Figures) -> str:
    """Each file is read once beforehand; every one is new to the node. The link of the last."""
    hashing, writing, posting = [], [], []
    link = ""
    for file in files:
        hashing.append(timed("openssl", "dgst", "-sha256", file))
        os.sync()
        copy = folder.path / "copy"
        writing.append(timed("dd", f"if={file}", f"of={copy}", "bs=1M", "conv=fsync"))
        copy.unlink()
        os.sync()
        link, seconds, _ = node.post(file, 0)
        posting.append(seconds)
        os.sync()
    figures.figure("openssl dgst -sha256", runs(hashing, "s"))
    figures.figure("a copy on disk, dd conv=fsync", runs(writing, "s"))
    figures.figure("node post, until its link", runs(posting, "s"))
    rate = statistics.median(hashing) / statistics.median(posting)
    figures.promise("posting, against openssl", f"{rate:.2f}", f"at least {LEAST_POSTING}", rate >= LEAST_POSTING)
    return link


def measure_serving(node: Node, link: str, nginx: "Nginx", other: str, figures: Figures) -> None:
    throughput: dict[str, list[float]] = {"node": [], "nginx": []}
    processor: dict[str, list[float]] = {"node": [], "nginx": []}
    servers = {"node": (link, node.process.pid), "nginx": (other, nginx.process.pid)}
    for turn in range(RUNS + 1):
        for name, (url, process) in servers.items():
            before = processor_seconds(process)
            spent = timed(
                "curl", "--disable", "--silent", "--show-error", "--fail", "--location", "--output", "/dev/null", url
            )
            if turn > 0:  # The first fills the page cache.
                throughput[name].append(LENGTH / 1e6 / spent)
                processor[name].append(processor_seconds(process) - before)
    for name in servers:
        figures.figure(f"one download from {name}", runs(throughput[name], "MB/s", 0))
    for name in servers:
        figures.figure(f"  processor time of {name} for it", runs(processor[name], "s"))
    rate = statistics.median(throughput["node"]) / statistics.median(throughput["nginx"])
    figures.promise("throughput, against nginx", f"{rate:.2f}", f"at least {LEAST_SERVING}", rate >= LEAST_SERVING)


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


def timed(*command: str | Path) -> float:
    started = time.monotonic()
    outcome = subprocess.run(command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if outcome.returncode != 0:
        raise Broken(f"{command[0]}: {outcome.stderr.strip()}")
    return time.monotonic() - started


def processor_seconds(process: int) -> float:
    """Used by a process so far, in its own code and in the kernel's."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(node: Node) -> str:
    now, most = node.memory()
    return f"{mebibytes(now)}, at most {mebibytes(most)}"
