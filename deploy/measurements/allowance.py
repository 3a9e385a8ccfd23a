"""A node with a small allowance meets a crowd: it sends what it may, and not a byte more."""

from .clients import Answer, crowd
from .figures import Figures, megabytes
from .geography import CountryTable
from .network import Folder, Network, Node, Plan, sha256

ALLOWANCE = "50MB/month"
# What of it is for the network by default.
SHARE = 40_000_000
LEAST = 30_000_000
LENGTH = 10_000_000
CLIENTS = 200

POOR = Plan("poor", "JP", ALLOWANCE)
# With a third node, the poor one would also pass pieces on to that, and have less than three files left for clients.
RICH = Plan("rich", "ZA")


def measure(program: str, folder: Folder, figures: Figures) -> None:
    file = folder.file("release.zip", LENGTH)
    digest = sha256(file)

    crowded = f"Allowance: {CLIENTS} parallel clients ask a node with {ALLOWANCE} for {megabytes(LENGTH)}"
    figures.title(f"{crowded}, a replica there")
    with Network(program, [RICH, POOR], folder.folder("holder")) as network:
        origin, poor = network.nodes
        link, _, _ = origin.post(file, 1)
        answers = ask(link.replace(origin.url, poor.url))
        report_spent(answers, poor, figures)
        elsewhere = [answer for answer in answers if not answer.url.startswith(poor.url + "/")]
        served = [answer for answer in elsewhere if answer.sha256 == digest]
        figures.promise("served by the other", f"{len(served)} of {len(elsewhere)}", "all", served == elsewhere)
        right = sum(answer.sha256 == digest for answer in answers)
        figures.promise("right files in all", f"{right} of {CLIENTS}", "all", right == CLIENTS)

    figures.title(f"{crowded}, held by nobody else")
    with Network(program, [POOR], folder.folder("alone")) as network:
        poor = network.nodes[0]
        link, _, _ = poor.post(file, 0)
        answers = ask(link)
        report_spent(answers, poor, figures)
        served = [answer for answer in answers if answer.sha256 == digest]
        refused = [answer for answer in answers if answer.status == 503 and int(answer.retry_after or 0) > 0]
        figures.figure("right files", f"{len(served)} of {CLIENTS}")
        figures.promise(
            "503 with Retry-After", f"{len(refused)} of {CLIENTS - len(served)}", "the rest",
            len(refused) == CLIENTS - len(served),
        )  # fmt: skip
        if refused:
            figures.figure("Retry-After", f"{int(refused[0].retry_after) / 86_400:.1f} days")


def ask(link: str) -> list[Answer]:
    return crowd(link, CountryTable().neighbourhoods("JP", CLIENTS))


def report_spent(answers: list[Answer], poor: Node, figures: Figures) -> None:
    """Bytes of bodies as clients counted them, whole or not; and the node's own account."""
    sent = sum(answer.bytes for answer in answers if answer.status == 200 and answer.url.startswith(poor.url + "/"))
    figures.promise(
        "sent by it, as clients counted", megabytes(sent), f"{megabytes(LEAST)} to {megabytes(SHARE)}",
        LEAST <= sent <= SHARE,
    )  # fmt: skip
    account = poor.ask("allowance")
    figures.promise(
        "spent in all, by its own account", f"{megabytes(account['spent'])}", f"at most {megabytes(SHARE)}",
        account["spent"] <= SHARE,
    )  # fmt: skip
    classes = [f"{row['name']} {megabytes(row['spent'])}" for row in account["classes"] if row["spent"]]
    figures.figure("  of which", ", ".join(classes))
