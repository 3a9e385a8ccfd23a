"""A posted file is copied for little, and everybody is sent to the nearest copy."""

from .clients import download
from .figures import Figures, seconds
from .geography import CountryTable, distance, place
from .network import WORLD, Asker, Folder, Network, Node, sha256

LENGTH = 256 << 20
REPLICAS = 3
MOST_COPIES = 2.3
CLIENTS = ("US", "DE", "JP")
DRAWN = 1_000
SEED = 2026
# Holders this close to one another are in one place, and any of them will do.
ONE_PLACE = 20.0
# How many disagreements are printed.
SHOWN = 10


def measure(program: str, folder: Folder, figures: Figures) -> None:
    figures.title(f"Replication: five nodes in five countries, a file of {LENGTH >> 20} MiB, {REPLICAS} replicas")
    file = folder.file("film.mp4", LENGTH)
    digest = sha256(file)
    with Network(program, WORLD, folder.folder("nodes")) as network:
        origin = network.nodes[0]
        before = origin.spent("replication")
        link, posted, replicated = origin.post(file, REPLICAS)
        copies = (origin.spent("replication") - before) / LENGTH
        holders = {network.ids[holder["node"]["id"]]: place(holder["place"]) for holder in origin.holders(link)}
        figures.figure("until its link", seconds(posted))
        figures.figure("from the link until replicated", seconds(replicated - posted))
        figures.promise(
            "holders", ", ".join(node.name for node in holders), f"{REPLICAS} and {origin.name}",
            len(holders) == REPLICAS + 1,
        )  # fmt: skip
        figures.promise("sent by the origin", f"{copies:.3f} copies", f"at most {MOST_COPIES}", copies <= MOST_COPIES)

        atlas = Atlas(origin, link)
        table = CountryTable()
        for country in CLIENTS:
            answer = download(link, table.first(country))
            server = network.at(answer.url)
            expected = nearest(holders, atlas.place(country, table.first(country)))
            right = answer.exit == 0 and answer.sha256 == digest
            figures.promise(
                f"a client from {country} is served by",
                f"{server.name if server else 'nobody'}, {seconds(answer.seconds)}",
                f"nearest: {expected.name}", right and server is expected,
            )  # fmt: skip
            if not right:
                figures.note(f"what came is not the file: curl {answer.exit}, HTTP {answer.status}")

        clients = table.draw(DRAWN, SEED)
        countries = len({country for _, country in clients})
        figures.figure(f"addresses drawn (seed {SEED})", f"{DRAWN:,} in {countries} countries")
        for node in network.nodes:
            role = "a holder" if node in holders else "no holder"
            compare(network, node, role, link, clients, holders, atlas, figures)


class Atlas:
    """Where a node believes countries to be; asked once for each."""

    def __init__(self, node: Node, link: str) -> None:
        self.node = node
        self.link = link
        self.places: dict[str, tuple[float, float] | None] = {}

    def place(self, country: str, address: str) -> tuple[float, float] | None:
        if country not in self.places:
            said = self.node.ask("why", self.link, "--from", address).get("place")
            self.places[country] = place(said) if said else None
        return self.places[country]


def nearest(holders: dict[Node, tuple[float, float]], where: tuple[float, float]) -> Node:
    return min(holders, key=lambda node: distance(holders[node], where))


def compare(
    network: Network, asked: Node, role: str, link: str, clients: list[tuple[str, str]],
    holders: dict[Node, tuple[float, float]], atlas: Atlas, figures: Figures,
) -> None:  # fmt: skip
    """What a node chooses for each client, beside the nearest of all holders."""
    agreed = placed = 0
    excess = 0.0
    disagreements = []
    with Asker(network, asked) as asker:
        for address, country in clients:
            where = atlas.place(country, address)
            if where is None:
                continue
            placed += 1
            chosen = asker.choice(link, address)
            best = nearest(holders, where)
            further = distance(holders[chosen], where) - distance(holders[best], where) if chosen in holders else None
            if further is not None and further <= ONE_PLACE:
                agreed += 1
                continue
            excess = max(excess, further or 0)
            name = chosen.name if chosen else "nobody"
            disagreements.append(
                f"{address} ({country}): {name}, not {best.name}"
                + (f": {further:.0f} km further" if further is not None else "")
            )
    figures.promise(
        f"sent to the nearest, asked at {asked.name} ({role})", f"{agreed:,} of {placed:,}", "all",
        agreed == placed and placed >= 0.95 * len(clients),
    )  # fmt: skip
    if placed < len(clients):
        figures.note(f"{len(clients) - placed} are at no known place, and nobody is nearest to them")
    for line in disagreements[:SHOWN]:
        figures.note(line)
    if len(disagreements) > SHOWN:
        figures.note(f"and {len(disagreements) - SHOWN} more, the worst {excess:.0f} km further")
