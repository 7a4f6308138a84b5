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
    """Unbuffered: a send waits for its receive, a post does not. `senders` and `receivers` never both wait."""

    __slots__ = ("senders", "receivers")

    def __init__(self):
        self.senders = None
        self.receivers = None

    def send(self, value):
        if not self.post(value, getcurrent()):
            hub.switch()

    def post(self, value, sender=None):
        """Give whether there was a receiver for it."""
        if self.receivers:
            ready.append((self.receivers.popleft(), (value,)))
            return True
        if self.senders is None:
            self.senders = deque()
        self.senders.append((sender, value))
        return False

    def receive(self):
        if self.senders:
            sender, value = self.senders.popleft()
            if sender is not None:
                ready.append((sender, ()))
            return value
        if self.receivers is None:
            self.receivers = deque()
        self.receivers.append(getcurrent())
        return hub.switch()
