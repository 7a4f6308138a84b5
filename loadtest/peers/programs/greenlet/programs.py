"""The benchmark programs on greenlets. Each gives its answer, or complains that it is wrong."""

import gc
from random import Random

from scheduler import Channel, go, run


def check(what, value, should_be):
    if value != should_be:
        raise AssertionError(f"{what} should be {should_be} (got {value})")
    return value


def chain(n):
    """n greenlets in a row, each adds one to what comes from its right: the program of the 2009 post."""

    def main():
        leftmost = right = Channel()
        for _ in range(n):
            left, right = right, Channel()
            go(link, left, right)
        right.send(0)
        return leftmost.receive()

    return check("the answer", run(main), n)


def link(left, right):
    left.send(1 + right.receive())


def hackysack(players, turns):
    """Players in a circle kick one ball about until it was caught often enough; the last sends the others home."""
    random = Random(1)
    inboxes = [Channel() for _ in range(players)]
    counted = {"counter": 0, "exits": 0}

    def player(self):
        inbox = inboxes[self]
        while inbox.receive() == "ball":
            target = random.randrange(players)
            counted["counter"] += 1
            if counted["counter"] == turns:
                for other in range(players):
                    if other != self:
                        inboxes[other].post("exit")
                return
            inboxes[target].post("ball")
        counted["exits"] += 1

    def main():
        for self in range(players):
            go(player, self)
        inboxes[0].post("ball")

    run(main)
    check("exits", counted["exits"], players - 1)
    return check("the counter", counted["counter"], turns)


def ping_pong(round_trips):
    """Two greenlets hand one ball to and fro over two channels; each adds one to it."""
    there, back = Channel(), Channel()

    def pong():
        for _ in range(round_trips):
            back.send(1 + there.receive())

    def main():
        go(pong)
        ball = 0
        for _ in range(round_trips):
            there.send(ball + 1)
            ball = back.receive()
        return ball

    return check("the ball", run(main), 2 * round_trips)


def sieve(limit, primes):
    """Numbers up to a limit run through a filter for each prime found; None is their end. Gives the largest prime."""

    def main():
        last = Channel()
        go(count, limit, last)
        found = largest = 0
        while (prime := last.receive()) is not None:
            found += 1
            largest = prime
            after = Channel()
            go(sift, prime, last, after)
            last = after
        check("primes", found, primes)
        return largest

    return run(main)


def count(limit, to):
    for number in range(2, limit + 1):
        to.send(number)
    to.send(None)


def sift(prime, source, to):
    while (number := source.receive()) is not None:
        if number % prime:
            to.send(number)
    to.send(None)


def park(greenlets):
    """The resident memory that greenlets take while each waits on a channel of its own."""
    received = []

    def wait(channel):
        received.append(channel.receive())

    def main():
        before = resident_bytes()
        channels = [Channel() for _ in range(greenlets)]
        for channel in channels:
            go(wait, channel)
        # With no value to be had all of them come to their channels, and this one after them.
        turn = Channel()
        go(turn.send, None)
        turn.receive()
        taken = resident_bytes() - before
        for channel in channels:
            channel.send(1)
        return taken

    taken = run(main)
    check("the values received", sum(received), greenlets)
    return taken


def resident_bytes():
    gc.collect()
    with open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    raise AssertionError("/proc/self/status has no VmRSS")
