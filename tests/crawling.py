"""What tests of a crawl need: a clock of their own, a frontier and states of hosts in memory."""

from datetime import UTC, datetime, timedelta

from archive_search.identity import host_of
from archive_search.records import HostState

BEGINNING = datetime(2026, 3, 1, 1, 0, tzinfo=UTC)


class FakeClock:
    """A clock that stands still until somebody sleeps or moves it on."""

    def __init__(self, now=BEGINNING):
        self.passed = 0.0
        self.slept = []
        self._began = now

    def now(self):
        return (self._began + timedelta(seconds=self.passed)).replace(microsecond=0)

    def monotonic(self):
        return self.passed

    def sleep(self, seconds):
        if seconds > 0:
            self.slept.append(round(seconds, 3))
        self.passed += seconds


class HostsInMemory:
    """The states of hosts, and how often they were written."""

    def __init__(self):
        self.states, self.written = {}, 0

    def get(self, host):
        return self.states.get(host, HostState())

    def put(self, host, state):
        self.states[host] = state
        self.written += 1


def is_at(url, places):
    """Tell whether a URL is on one of the hosts or origins."""
    return host_of(url) in places or url.partition("://")[0] + "://" + url.split("/")[2] in places


class Queue:
    """A frontier in memory; `resting` are known URLs that this run would not visit by itself."""

    def __init__(self, *targets, resting=()):
        self.known = {target.url: target for target in resting}
        self.resting, self.queued, self.done = list(resting), [], []
        self.add(targets)

    def add(self, targets, *, again=False):
        new = 0
        for target in targets:
            if target.url not in self.known:
                self.known[target.url] = target
                self.queued.append(target)
                new += 1
            elif again and target.url in [known.url for known in self.resting]:
                self.resting = [known for known in self.resting if known.url != target.url]
                self.queued.append(target)
        return new

    def next(self, *, without=()):
        self.queued.sort(key=lambda target: target.priority)
        return next((target for target in self.queued if not is_at(target.url, without)), None)

    def finish(self, target, visit):
        self.queued.remove(target)
        self.done.append(target.url)
