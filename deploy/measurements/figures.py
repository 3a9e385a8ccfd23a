"""What a measurement prints, and what it stops at."""

import statistics


class Broken(Exception):
    """What was to be measured did not come about: one sentence that says what."""


class Figures:
    """A table that is printed row by row, as figures come in."""

    def __init__(self) -> None:
        self.holds = True

    def title(self, text: str) -> None:
        print(f"\n{text}\n", flush=True)

    def figure(self, name: str, value: str) -> None:
        print(f"  {name:<54} {value}", flush=True)

    def promise(self, name: str, value: str, promised: str, holds: bool) -> None:
        """A figure that was promised to be so."""
        self.holds = self.holds and holds
        self.row(name, value, promised, "holds" if holds else "DOES NOT HOLD")

    def aim(self, name: str, value: str, aimed: str, is_reached: bool) -> None:
        """A figure that is worked towards, and depends on the machine: nothing fails when it is not reached."""
        self.row(name, value, f"aim: {aimed}", "reached" if is_reached else "not reached")

    def row(self, name: str, value: str, wanted: str, verdict: str) -> None:
        print(f"  {name:<54} {value:<28} {wanted:<22} {verdict}", flush=True)

    def heading(self, text: str) -> None:
        print(f"\n  {text}\n", flush=True)

    def quote(self, what: str, command: str, answer: str, status: int) -> None:
        """A command as it was typed, and its answer."""
        print(f"  # {what}\n  $ {command}", flush=True)
        for line in answer.splitlines():
            print(f"  {line}", flush=True)
        print(f"  [{status}]\n", flush=True)

    def note(self, text: str) -> None:
        print(f"    {text}", flush=True)

    def broken(self, reason: Broken) -> None:
        """It did not come to its end."""
        self.holds = False
        print(f"  ENDED EARLY: {reason}", flush=True)

    def end(self) -> bool:
        """Whether every promise held."""
        print(flush=True)
        return self.holds


def seconds(value: float) -> str:
    return f"{value:.2f} s"


def megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"


def mebibytes(count: int) -> str:
    return f"{count / (1 << 20):.1f} MiB"


def runs(values: list[float], unit: str, digits: int = 2) -> str:
    """The median of several runs, and the runs."""
    each = ", ".join(f"{value:.{digits}f}" for value in values)
    return f"{statistics.median(values):.{digits}f} {unit}  ({each})"
