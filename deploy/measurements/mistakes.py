"""What people get wrong at the command line, and what they are told: a transcript.

Every mistake is answered with one sentence on standard error that says what to do, a status that is not 0, nothing on
standard output, and nothing changed.
"""

import os
import re
import resource
import shlex
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from .bench import Bench, as_anybody, node_of_another
from .figures import Figures
from .network import ENVIRONMENT, Folder, until

LEAST = 30
# Nothing a person mistypes may keep them waiting longer.
PATIENCE = 30
UNKNOWN = "a" * 52
# What a node takes to see that a command is gone.
MOMENT = 5
# Of documentation: nobody answers there (RFC 5737).
NOBODY = "192.0.2.1"


@dataclass(frozen=True)
class Mistake:
    """A command that cannot be right. In its words, {name} stands for a place or a text of the world."""

    what: str
    command: str
    environment: dict[str, str] = field(default_factory=dict)
    # What is typed at it.
    input: str | None = None
    # The data directory; nothing: none is named, as most people do.
    data: str | None = "running"
    # Where its result goes; nothing: it is looked at.
    output: str | None = None
    # No file of the command may grow longer than this.
    longest: int | None = None
    # Ctrl-C, once the node takes in a file.
    is_interrupted: bool = False


def settings(*lines: str, what: str) -> Mistake:
    """A node.yaml that cannot be honoured."""
    return Mistake(what, "run", data="\n".join(lines))


MISTAKES = {
    "Commands": [
        Mistake("a command that does not exist", "share film.mp4"),
        Mistake("an option that does not exist", "status --jason"),
        Mistake("an argument too many", "status now"),
        Mistake("an argument too few", "post"),
        Mistake("an option without its value", "invite --uses"),
        Mistake("a number that is none", "post film.mp4 --replicas many"),
        Mistake("a number that is too large", "post film.mp4 --replicas 300"),
        Mistake("no room for the answer", "status", output="/dev/full"),
    ],
    "Which node": [
        Mistake("no node there", "status", data="{folder}/nowhere"),
        Mistake("no node at home", "status", data=None),
        Mistake("no home", "status", environment={"HOME": ""}, data=None),
        Mistake("a file instead of a directory", "status", data="{film}"),
        Mistake("a directory that is not ours", "status", data="{private}"),
        Mistake("a node that is not running", "status", data="{stopped}"),
        Mistake("a node that was killed and left its socket", "status --json", data="{killed}"),
        Mistake("somebody else's node", "status", data="{theirs}"),
        Mistake("running somebody else's node", "run", data="{theirs}"),
        Mistake("posting to somebody else's node", "post {film}", data="{theirs}"),
        Mistake("making a node where somebody else has one", "init", data="{theirs}"),
        Mistake("a node of another version", "status", data="{newer}"),
        Mistake("something else at the socket", "status", data="{stranger}"),
        Mistake("a path too long for a socket", "status", data="{folder}/" + "long" * 30),
    ],
    "Making and running": [
        Mistake("a second node in one place", "init", data="{stopped}"),
        Mistake("running what is not there", "run", data="{folder}/nowhere"),
        Mistake("running it twice", "run", data="running"),
        Mistake("a directory that cannot be made", "init", data="{private}/node"),
        Mistake("a directory below a file", "init", data="{film}/node"),
        Mistake("a port that is in use", "run --listen 127.0.0.1:{port}", data="{stopped}"),
        Mistake("a port for administrators", "run --listen 127.0.0.1:80", data="{stopped}"),
        Mistake("an address of another machine", "run --listen 192.0.2.99:8080 --private", data="{stopped}"),
        Mistake("a key that others can read", "run", data="{exposed}"),
        Mistake("an amount that is none", "run --share lots", data="{stopped}"),
        Mistake("a period that is none", "init --allowance 10GB/fortnight", data="{folder}/new"),
        Mistake("a share beyond the allowance", "init --allowance 10GB/month --share 12GB", data="{folder}/new"),
        Mistake("a variable that cannot be read", "run", environment={"NODE_DISK": "half"}, data="{stopped}"),
        Mistake("a name that cannot be shown", "init --name 'at\ttic'", data="{folder}/new"),
        Mistake("an empty name", "init --name ''", data="{folder}/new"),
    ],
    "node.yaml": [
        settings("name: attic", "alowance: 5GB/month", what="a key that does not exist"),
        settings("name: attic", "share: 2GB", "share: 3GB", what="a key that stands twice"),
        settings("name: attic", "share: [2GB, 3GB]", what="a list where a value belongs"),
        settings("name: attic", "share: plenty", what="a value that cannot be read"),
        settings("name: attic", "share:", what="a value that is missing"),
        settings("name: attic", "  share: 2GB", what="not YAML"),
        settings("name: attic", "allowance: 2GB/day", "share: 3GB", what="a share beyond the allowance"),
        settings("accept:", "  types: [films]", what="a media type that is none"),
        settings("deny: attic", what="a name where a list belongs"),
        settings("lists:", "  friends: [attic]", what="a name where an identifier belongs"),
        settings("name: attic", "url: http://127.0.0.1:8080", what="an address that others cannot reach"),
    ],
    "Joining and inviting": [
        Mistake("nobody to join", "join"),
        Mistake("neither an invite nor an address", "join attic!"),
        Mistake("an invite cut short", "join {cut}"),
        Mistake("an invite of a newer Potluck", "join potluck2aaaa"),
        Mistake("an invite that is used up", "join {spent} --listen 127.0.0.1:{free}", data="{fresh}"),
        Mistake("an invite that has expired", "join {expired} --listen 127.0.0.1:{free}", data="{fresh}"),
        Mistake("an invite of another network", "join {foreign}"),
        Mistake("joining oneself", "join {invite}"),
        Mistake("joining a network that needs an invite", "join 127.0.0.1:{port} --listen 127.0.0.1:{free}", data="{fresh}"),
        Mistake("joining nobody", "join 127.0.0.1:{nobody} --listen 127.0.0.1:{free}", data="{fresh}"),
        Mistake("joining what is no node", "join 127.0.0.1:{web} --listen 127.0.0.1:{free}", data="{fresh}"),
        Mistake("joining a name that does not exist", "join nowhere.invalid:8080 --listen 127.0.0.1:{free}", data="{fresh}"),
        Mistake("joining with other settings while running", "join {foreign} --name cellar"),
        Mistake("an invite for nobody", "invite --uses 0"),
        Mistake("an invite for ever", "invite --expires forever"),
        Mistake("an invite for a year", "invite --expires 365d"),
    ],
    "Leaving": [
        Mistake("leaving when there is nobody", "leave", data="{lonely}"),
        Mistake("leaving without running", "leave", data="{stopped}"),
        Mistake("leaving at once when there is nobody", "leave --now", data="{stopped}"),
        Mistake("leaving what is not there", "leave --now", data="{folder}/nowhere"),
        Mistake("a time that is none", "leave --within soon"),
        Mistake("a time that is too long", "leave --within 7d"),
    ],
    "Posting": [
        Mistake("no such file", "post {folder}/flim.mp4"),
        Mistake("a directory", "post {folder}"),
        Mistake("a file that may not be read", "post {unreadable}"),
        Mistake("a pipe", "post /dev/stdin", input="film"),
        Mistake("an empty name", "post {film} --name ''"),
        Mistake("a name with a slash", "post {film} --name films/film.mp4"),
        Mistake("a name that turns around", "post {film} --name 'film\u202e4pm.exe'"),
        Mistake("one name for two files", "post {film} {film} --name film.mp4"),
        Mistake("a media type that is none", "post {film} --type video"),
        Mistake("more than there is room for", "post {vast}"),
        Mistake("posting to a node that is not running", "post {film}", data="{stopped}"),
        Mistake("Ctrl-C in the middle", "post {large}", is_interrupted=True),
        Mistake("a list that does not exist", "post {film} --to frends"),
        Mistake("an end that is none", "post {film} --expires soon"),
        Mistake("an end in the past", "post {film} --expires 2020-01-31"),
    ],
    "Links": [
        Mistake("no link", "show film.mp4"),
        Mistake("a link of an unknown file", "show http://127.0.0.1:{port}/f/" + UNKNOWN + "/film.mp4"),
        Mistake("an address that is none", "why {link} --from home"),
        Mistake("a file without a node", "get " + UNKNOWN, data=None),
        Mistake("no link at all", "get film.mp4", data=None),
        Mistake("a file that nobody has", "get http://127.0.0.1:{port}/f/" + UNKNOWN + "/film.mp4", data=None),
        Mistake("a node that does not answer", "get http://127.0.0.1:{nobody}/f/" + UNKNOWN + "/film.mp4", data=None),
        Mistake("a web server that is no node", "get http://127.0.0.1:{web}/f/" + UNKNOWN + "/film.mp4", data=None),
        Mistake("another file of that name", "get {link} -o {other}", data=None),
        Mistake("a directory that is missing", "get {link} -o {folder}/missing/", data=None),
        Mistake("a place that may not be written to", "get {link} -o {readonly}/film.mp4", data=None),
        Mistake("no room for it", "get {link} -o {scratch}/film.mp4", data=None, longest=4096),
        Mistake("withdrawing what was not posted here", "unpost http://127.0.0.1:{port}/f/" + UNKNOWN + "/film.mp4"),
        Mistake("withdrawing what others posted", "unpost {link}", data="{guest}"),
        Mistake("withdrawing twice", "unpost {regretted}"),
        Mistake("denying nothing", "deny"),
        Mistake("denying what nobody knows", "deny nobody"),
        Mistake("denying oneself", "deny attic"),
        Mistake("denying a file of one's own", "deny {link}"),
        Mistake("allowing what is not denied", "deny --undo guest"),
        Mistake("a pipe for it", "get {link} -o -", data=None),
    ],
}


def measure(program: str, folder: Folder, figures: Figures) -> None:
    count = sum(len(mistakes) for mistakes in MISTAKES.values())
    figures.title(f"Mistakes: {count} at the command line, and what they are answered")
    with node_of_another(program) as theirs:
        as_anybody(folder, lambda: transcribe(program, folder, figures, theirs), figures)


def transcribe(program: str, folder: Folder, figures: Figures, theirs: Path | None) -> None:
    verdicts = {
        "exit status that is not 0": [],
        "exactly one sentence on standard error": [],
        "nothing on standard output": [],
        "nothing changed": [],
    }
    with Bench(program, folder, theirs) as bench:
        for subject, mistakes in MISTAKES.items():
            figures.heading(subject)
            for mistake in mistakes:
                if mistake.data == "{theirs}" and theirs is None:
                    figures.note(f"not made: {mistake.what}: there is nobody else without root")
                    continue
                verdict = attempt(mistake, bench, figures)
                for promise, holds in zip(verdicts.values(), verdict, strict=True):
                    promise.append((mistake, holds))
        leavings = bench.leavings()
    figures.heading("In all")
    for promise, each in verdicts.items():
        kept = [holds for _, holds in each]
        figures.promise(promise, f"{sum(kept)} of {len(kept)}", f"all, at least {LEAST}", all(kept) and len(kept) >= LEAST)
        for mistake, holds in each:
            if not holds:
                figures.note(f"not so: {mistake.what}")
    figures.promise("left behind beside the data directories", ", ".join(leavings) or "nothing", "nothing", not leavings)


def attempt(mistake: Mistake, bench: Bench, figures: Figures) -> tuple[bool, bool, bool, bool]:
    """Makes a mistake: whether each of the promises held."""
    words = [bench.fill(word) for word in shlex.split(mistake.command)]
    data, environment = bench.place(mistake.data)
    before = bench.state(data)
    status, output, errors = run(
        [bench.program, *words], ENVIRONMENT | environment | mistake.environment, mistake, bench
    )
    after = bench.state(data)
    # A node notices a moment later that nobody sends any more.
    deadline = time.monotonic() + MOMENT
    while mistake.is_interrupted and after != before and time.monotonic() < deadline:
        after = bench.state(data)
    figures.quote(mistake.what, bench.show(typed(mistake, words, data)), bench.show(errors.strip()), status)
    changes = sorted({*before.items()} ^ {*after.items()})
    for name in dict.fromkeys(name for name, _ in changes):
        figures.note(f"changed: {bench.show(name)}")
    return status > 0, is_sentence(errors), not output, not changes


def typed(mistake: Mistake, words: list[str], data: Path | None) -> str:
    """The command as a person would have typed it."""
    variables = ({"NODE_DATA": str(data)} if data else {}) | mistake.environment
    return " ".join([*(f"{name}={shlex.quote(value)}" for name, value in variables.items()), shlex.join(["node", *words])])


def run(words: list[str], environment: dict[str, str], mistake: Mistake, bench: Bench) -> tuple[int, str, str]:
    """The command's status, and what it wrote."""
    if mistake.is_interrupted:
        return interrupt(words, environment, bench)
    typed = {"stdin": subprocess.DEVNULL} if mistake.input is None else {"input": mistake.input}
    try:
        with open(mistake.output or os.devnull, "wb") as output:
            outcome = subprocess.run(
                words, env=environment, stdout=output if mistake.output else subprocess.PIPE, stderr=subprocess.PIPE,
                text=True, timeout=PATIENCE, preexec_fn=lambda: limit(mistake), **typed,
            )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        return 0, "", f"NO ANSWER IN {PATIENCE} s: {late.stderr}"
    return outcome.returncode, outcome.stdout or "", outcome.stderr


def interrupt(words: list[str], environment: dict[str, str], bench: Bench) -> tuple[int, str, str]:
    """The same of a command that gets Ctrl-C while the node takes in its file."""
    command = subprocess.Popen(
        words, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        until(PATIENCE, lambda: command.poll() is not None or bench.incoming() > 8 << 20, "the node takes in a file")
        command.send_signal(signal.SIGINT)
        output, errors = command.communicate(timeout=PATIENCE)
    finally:
        command.kill()
        command.wait()
    # What it will cost was said before.
    return command.returncode, output, errors[errors.find("Error: "):]


def limit(mistake: Mistake) -> None:
    if mistake.longest is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (mistake.longest, mistake.longest))


def is_sentence(text: str) -> bool:
    """One line that begins as a sentence does, ends as one, and is not two."""
    return bool(re.fullmatch(r"Error: [A-Z“/~-].*[.?]\n", text)) and not re.search(r"[.?!] +[A-Z“]", text[7:])
