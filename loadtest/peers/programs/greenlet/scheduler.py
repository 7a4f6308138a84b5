"""A queue of greenlets that are ready, and rendezvous channels on it: what every user of bare greenlets writes first."""

from collections import deque

from greenlet import getcurrent, greenlet

ready = deque()
hub = None


def go(function, *arguments):
    """Start a greenlet. It runs when those before it have had their turn."""
    task = greenlet(function, hub)
    ready.append((task, arguments))


def run(main):
    """Run `main` and whatever it starts, until none of them can go on; give what `main` returns."""
    global hub
    hub = getcurrent()
    result = []
    go(lambda: result.append(main()))
    while ready:
        task, arguments = ready.popleft()
        task.switch(*arguments)
    return result[0]


class Channel:
    """Unbuffered: a send waits for its receive. `senders` and `receivers` never both wait."""

    __slots__ = ("senders", "receivers")

    def __init__(self):
        self.senders = None
        self.receivers = None

    def send(self, value):
        if self.receivers:
            ready.append((self.receivers.popleft(), (value,)))
            return
        if self.senders is None:
            self.senders = deque()
        self.senders.append((getcurrent(), value))
        hub.switch()

    def receive(self):
        if self.senders:
            sender, value = self.senders.popleft()
            ready.append((sender, ()))
            return value
        if self.receivers is None:
            self.receivers = deque()
        self.receivers.append(getcurrent())
        return hub.switch()


class Mailbox:
    """Buffered without a bound, as the Channel of the 2009 post: a write never waits."""

    __slots__ = ("values", "reader")

    def __init__(self):
        self.values = deque()
        self.reader = None

    def write(self, value):
        self.values.append(value)
        if self.reader is not None:
            ready.append((self.reader, ()))
            self.reader = None

    def read(self):
        if not self.values:
            self.reader = getcurrent()
            hub.switch()
        return self.values.popleft()
