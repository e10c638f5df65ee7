"""Many small objects, dictionaries and comprehensions: shortest ways in a grid with walls."""

from __future__ import annotations

from collections import deque


class Node:
    """A place in the grid."""

    __slots__ = ("at", "before", "cost")

    def __init__(self, at: tuple[int, int], before: Node | None, cost: int) -> None:
        self.at = at
        self.before = before
        self.cost = cost

    def way(self) -> list[tuple[int, int]]:
        found = []
        node: Node | None = self
        while node is not None:
            found.append(node.at)
            node = node.before
        return found[::-1]


def neighbours(at: tuple[int, int], size: int) -> list[tuple[int, int]]:
    x, y = at
    places = [(x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)]
    return [(a, b) for a, b in places if 0 <= a < size and 0 <= b < size and (a * 7 + b * 13) % 5]


def run() -> int:
    """Return the length of the way and how many places were seen."""
    size = 90
    first = Node((0, 0), None, 0)
    seen = {first.at: first}
    open_nodes = deque([first])
    while open_nodes:
        node = open_nodes.popleft()
        for at in neighbours(node.at, size):
            if at not in seen:
                seen[at] = Node(at, node, node.cost + 1)
                open_nodes.append(seen[at])
    farthest = max(seen.values(), key=lambda node: (node.cost, node.at))
    names = {f"{x}:{y}": node.cost for (x, y), node in seen.items()}
    return len(farthest.way()) + len(names)
