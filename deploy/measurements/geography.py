"""Where addresses are, worked out here and not by a node."""

import ipaddress
import itertools
import math
import random

from .network import COUNTRY_TABLES

EARTH_RADIUS = 6371.0088


def distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Kilometres on a great circle between two places in degrees (haversine)."""
    north, east, other_north, other_east = map(math.radians, (*one, *other))
    haversine = (
        math.sin((other_north - north) / 2) ** 2
        + math.cos(north) * math.cos(other_north) * math.sin((other_east - east) / 2) ** 2
    )
    return 2 * EARTH_RADIUS * math.asin(math.sqrt(haversine))


def place(text: str) -> tuple[float, float]:
    """A place as nodes write it: `"52.52,13.40"`."""
    north, east = text.split(",")
    return float(north), float(east)


class CountryTable:
    """The ranges of IPv4 addresses that belong to countries."""

    def __init__(self) -> None:
        self.ranges: list[tuple[int, int, str]] = []
        with open(f"{COUNTRY_TABLES}/geoip", encoding="ascii", errors="replace") as lines:
            for line in lines:
                if not line.startswith("#"):
                    first, last, country = line.strip().split(",")
                    if country.isalpha():
                        self.ranges.append((int(first), int(last), country))

    def first(self, country: str) -> str:
        """An address in a country."""
        return next(written(first) for first, _, code in self.ranges if code == country)

    def neighbourhoods(self, country: str, count: int) -> list[str]:
        """Addresses in a country, each in a /24 of its own: people who have nothing to do with one another."""
        starts = (
            start for first, last, code in self.ranges if code == country
            for start in range(first + 255 & ~255, last - 255, 256)
        )  # fmt: skip
        return [written(start + 1) for start in itertools.islice(starts, count)]

    def draw(self, count: int, seed: int) -> list[tuple[str, str]]:
        """Addresses and their countries: a range at random, and an address at random in it."""
        generator = random.Random(seed)
        drawn = []
        while len(drawn) < count:
            first, last, country = generator.choice(self.ranges)
            address = generator.randint(first, last)
            if ipaddress.IPv4Address(address).is_global:
                drawn.append((written(address), country))
        return drawn


def written(address: int) -> str:
    return str(ipaddress.IPv4Address(address))
