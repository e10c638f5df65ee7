"""Method calls and attributes of plain Python: tasks that hand packets to each other."""

from __future__ import annotations


class Packet:
    """What a task hands on."""

    def __init__(self, hops: int) -> None:
        self.hops = hops
        self.value = 0

    def used_up(self) -> bool:
        return self.hops == 0


class Task:
    """Takes packets and hands them to the next task."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.queue: list[Packet] = []
        self.next: Task | None = None
        self.handled = 0

    def take(self, packet: Packet) -> None:
        self.queue.append(packet)

    def work(self, packet: Packet) -> int:
        return packet.value + 1

    def run(self) -> bool:
        if not self.queue:
            return False
        packet = self.queue.pop()
        packet.value = self.work(packet)
        packet.hops -= 1
        self.handled += 1
        if not packet.used_up() and self.next is not None:
            self.next.take(packet)
        return True


class Doubling(Task):
    """Works otherwise."""

    def work(self, packet: Packet) -> int:
        return (packet.value * 2 + 1) % 65521


def run() -> int:
    """Return how many packets were handled."""
    tasks = [(Doubling if at % 3 == 0 else Task)(f"task {at}") for at in range(30)]
    for task, following in zip(tasks, [*tasks[1:], tasks[0]], strict=True):
        task.next = following
    for at in range(60):
        tasks[at % len(tasks)].take(Packet(at * 5 + 1))
    busy = True
    while busy:
        busy = False
        for task in tasks:
            busy = task.run() or busy
    return sum(task.handled for task in tasks)
