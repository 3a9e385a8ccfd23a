"""Nodes are killed at whatever moment comes: files are whole or absent, and the account is never below what was sent."""

import random
import secrets
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from .arena import Arena
from .figures import Broken, Figures
from .kills import KILLS, PHASES, Kill
from .network import Folder
from .road import Roads

COUNT = 200
# What chance decides can be had again; how fast the machine is at that moment cannot.
SEED: int | None = None
# Networks that are worked on at the same time.
ARENAS = 4
# Of a hundred kills.
MIX = {"post": 30, "pull": 30, "source": 12, "serve": 10, "lease": 6, "join": 6, "start": 4, "init": 2}


class Tally:
    """What came of each kill, gathered from all arenas."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.times: Counter[str] = Counter()
        self.outcomes: dict[str, Counter[str]] = {}
        self.faults: list[str] = []
        self.sums: Counter[str] = Counter()

    def add(self, kill: Kill) -> None:
        with self.lock:
            self.times[kill.phase] += 1
            self.outcomes.setdefault(kill.phase, Counter())[kill.outcome] += 1
            self.faults += [f"{kill.phase}: {fault}" for fault in kill.faults]
            self.sums["pieces"] += kill.pieces
            self.sums["again"] += kill.again
            self.sums["wasted"] += kill.wasted


def measure(program: str, folder: Folder, figures: Figures) -> None:
    seed = SEED if SEED is not None else secrets.randbelow(1 << 32)
    figures.title(f"Crash: kill -9 at {COUNT} random moments, {ARENAS} networks of three nodes (seed {seed})")
    chance = random.Random(seed)
    plan = chance.choices(list(MIX), list(MIX.values()), k=COUNT)
    tally = Tally()
    started = time.monotonic()
    with Roads() as roads, ThreadPoolExecutor(ARENAS) as threads:
        running = [
            threads.submit(work, program, folder, roads, number, plan[number::ARENAS], chance.random(), tally)
            for number in range(ARENAS)
        ]
        for arena in running:
            arena.result()
    report(tally, time.monotonic() - started, figures)


def work(
    program: str, folder: Folder, roads: Roads, number: int, plan: list[str], seed: float, tally: Tally
) -> None:  # fmt: skip
    with Arena(program, folder.folder(f"a{number}"), roads, random.Random(seed)) as arena:
        for kind in plan:
            try:
                tally.add(KILLS[kind](arena))
            except Broken as reason:
                tally.add(Kill(f"{kind}: not judged", "broken", [str(reason)]))
                return  # What comes after this would only repeat it.


def report(tally: Tally, spent: float, figures: Figures) -> None:
    order = [phase for phase in PHASES if phase in tally.times]
    order += sorted(phase for phase in tally.times if phase not in PHASES)
    for phase in order:
        outcomes = ", ".join(f"{count} {outcome}" for outcome, count in tally.outcomes[phase].most_common())
        figures.figure(f"{phase}", f"{tally.times[phase]:>4}   {outcomes}")
    figures.figure("in all", f"{sum(tally.times.values()):>4}   in {spent:.0f} s")
    judged = sum(tally.times.values())
    wasted = tally.sums["wasted"] // max(1, judged)
    figures.figure("spent by a kill, mean: leases, datagrams, and what was cut", f"{wasted:,} bytes")
    figures.figure("pieces that were on disk when a pull was killed", f"{tally.sums['pieces']:,}")
    again = tally.sums["again"]
    figures.promise("  of these, fetched again", f"{again:,}", "none", again == 0)
    figures.promise("wrong, lost, left over, or overspent", str(len(tally.faults)), "nothing", not tally.faults)
    for fault in tally.faults:
        figures.note(fault)
    figures.promise("kills", str(judged), str(COUNT), judged >= COUNT)
