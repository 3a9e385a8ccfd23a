"""What a malicious member tries on four honest nodes, what comes of it, and what their operators see.

The attacks, and what must come of each, are the suite `Hostile` of `Tests/NetworkTests`. Here all of them are tried, also
those for which `deploy/test` has no time.
"""

import os
import subprocess
from pathlib import Path

from .figures import Broken, Figures
from .network import Folder

ROOT = Path(__file__).resolve().parent.parent.parent
SUITE = r"^NetworkTests\..*Hostile"
LEAST = 60
# Half an hour at most: nothing an attacker does may keep anybody waiting for ever.
PATIENCE = 1800


def measure(program: str, folder: Folder, figures: Figures) -> None:
    figures.title("Hostile: what a malicious member tries on four honest nodes, and what comes of it")
    run("swift", "build", "--package-path", ROOT, "--build-tests")
    tests = ["swift", "test", "--package-path", ROOT, "--skip-build", "--disable-xctest", "--no-parallel"]
    outcome = run(*tests, "--filter", SUITE, POTLUCK_ATTACK="", POTLUCK_NODE=program, TMPDIR=str(folder.path))
    rows = [line for line in outcome.stdout.splitlines() if line.startswith("| ")]
    for row in rows:
        print(f"  {row}", flush=True)
    # The first one is the table's head.
    tried = max(0, len(rows) - 1)
    figures.promise("attacks tried", f"{tried}", f"at least {LEAST}", tried >= LEAST)
    failures = [line.strip() for line in outcome.stdout.splitlines() if "recorded an issue" in line]
    for failure in failures:
        figures.note(failure)
    figures.promise(
        "outcomes other than they must be", f"{len(failures)}", "none", outcome.returncode == 0 and not failures
    )


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs it to its end, however it ends."""
    try:
        return subprocess.run(
            command, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=PATIENCE,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Broken(f"`{command[0]} {command[1]}` had not ended after {PATIENCE} s") from None
