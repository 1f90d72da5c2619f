#!/usr/bin/env python3
"""Measures the training step of two processes beside that of one, and how much of the communication the backward pass hides.

    processes.py --program .build/release/unetrpp [--rounds 5] [--json FILE]
        one        1 process × 2 threads, the whole batch
        two        2 processes × 1 thread, half of the batch each: gradients averaged while they are computed (overlapped), when all are there
                   (afterward), or not at all (apart)
        wire       the same two in network namespaces that stand for two hosts, joined by a wire of --delay and --rate
    with no word: one and two, and wire where it can be had

The hidden share is (afterward − overlapped) / (afterward − apart). Rounds alternate between all that is measured; what is shown is the median
of the rounds and their range. Needs Linux and Python 3; the wire needs root, `ip` and /dev/net/tun, and takes some of a core itself, as it
is a loop of this script: it uses no queueing discipline of the kernel, which may not have them.
"""
import argparse
import collections
import fcntl
import json
import os
import pathlib
import select
import signal
import socket
import statistics
import struct
import subprocess
import sys
import threading
import time

root = pathlib.Path(__file__).resolve().parent.parent.parent
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("what", nargs="*", choices=["one", "two", "wire", []])
parser.add_argument("--program", type=pathlib.Path, default=root / ".build/release/unetrpp")
parser.add_argument("--configuration", type=pathlib.Path, default=root / "Scripts/reference/narrow.json")
parser.add_argument("--batch", type=int, default=4, help="of all processes together (default: 4)")
parser.add_argument("--precision", default="float32")
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--repetitions", type=int, default=5, help="steps in a round")
parser.add_argument("--delay", type=float, default=1, help="of the wire, in ms each way (default: 1)")
parser.add_argument("--rate", type=float, default=100, help="of the wire, in Mbit/s (default: 100)")
parser.add_argument("--json", type=pathlib.Path, help="also write the figures there")
options = parser.parse_args()
if options.batch < 2 or options.batch % 2 or options.rounds < 1 or options.repetitions < 1 or options.delay < 0 or options.rate <= 0:
    parser.error("--batch is an even number, --rounds and --repetitions are 1 or more, --delay is not negative, --rate is more than 0")
if not os.access(options.program, os.X_OK):
    parser.error(f"{options.program} is no program; run `make build`, or give --program")


class Wire:
    """Two network namespaces and what joins them: packets arrive after the time that their bits take, and the delay."""

    names, addresses = ("unetrpp-a", "unetrpp-b"), ("10.77.0.1", "10.77.0.2")

    def __enter__(self):
        self.ends, self.over = [], False
        try:
            for number, name in enumerate(self.names):
                subprocess.run(["ip", "netns", "add", name], check=True)
                end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
                fcntl.ioctl(end, 0x400454CA, struct.pack("16sH22x", f"unetrpp{number}".encode(), 0x1001))  # TUNSETIFF, IFF_TUN | IFF_NO_PI
                self.ends.append(end)
                subprocess.run(["ip", "link", "set", f"unetrpp{number}", "netns", name], check=True)
                inside = ["ip", "-n", name]
                subprocess.run([*inside, "address", "add", self.addresses[number], "peer", self.addresses[1 - number], "dev", f"unetrpp{number}"], check=True)
                subprocess.run([*inside, "link", "set", f"unetrpp{number}", "mtu", "1500", "txqueuelen", "1000", "up"], check=True)
                subprocess.run([*inside, "link", "set", "lo", "up"], check=True)
        except BaseException:
            self.__exit__()
            raise
        self.thread = threading.Thread(target=self.carry, daemon=True)
        self.thread.start()
        return self

    def carry(self):
        ways, free = [collections.deque(), collections.deque()], [0.0, 0.0]
        bits, delay = options.rate * 1e6, options.delay / 1000
        while not self.over:
            now = time.monotonic()
            for way, other in ((0, 1), (1, 0)):
                while ways[way] and ways[way][0][0] <= now:
                    try:
                        os.write(self.ends[other], ways[way].popleft()[1])
                    except OSError:
                        pass  # lost, as on a wire: TCP sends it again
            due = min((way[0][0] for way in ways if way), default=now + 0.1)
            # No more is taken than the wire holds; the rest waits in the kernel.
            readable = [end for number, end in enumerate(self.ends) if free[number] - now < 0.02]
            for end in select.select(readable, [], [], max(0, min(due - now, 0.005)))[0]:
                number = self.ends.index(end)
                for _ in range(16):
                    try:
                        packet = os.read(end, 65536)
                    except BlockingIOError:
                        break
                    free[number] = max(free[number], time.monotonic()) + 8 * len(packet) / bits
                    ways[number].append((free[number] + delay, packet))

    def __exit__(self, *_):
        self.over = True
        if hasattr(self, "thread"):
            self.thread.join()
        for end in self.ends:
            os.close(end)
        for name in self.names:
            subprocess.run(["ip", "netns", "delete", name], stderr=subprocess.DEVNULL)


def words(batch, threads, more=()):
    return [options.program, "benchmark", "--train", "--configuration", options.configuration, "--batch", batch, "--threads", threads, "--device", "cpu",
            "--precision", options.precision, "--repetitions", options.repetitions, "--json", *more]


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def measure(count, gradients=None, namespaces=None):
    """Seconds a step: the median of a round."""
    port, started = free_port(), []
    for rank in range(count):
        command = words(options.batch // count, 2 // count, ["--gradients", gradients] if gradients else [])
        if namespaces:
            command = ["ip", "netns", "exec", namespaces.names[rank], *command]
        variables = {} if count == 1 else {
            "RANK": rank, "WORLD_SIZE": count, "LOCAL_RANK": 0 if namespaces else rank, "LOCAL_WORLD_SIZE": 1 if namespaces else count,
            "MASTER_ADDR": namespaces.addresses[0] if namespaces else "127.0.0.1", "MASTER_PORT": port}
        started.append(subprocess.Popen([str(word) for word in command], env={**os.environ, **{key: str(value) for key, value in variables.items()}},
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    ends = [one.communicate() for one in started]
    for one, (_, errors) in zip(started, ends):
        if one.returncode:
            sys.exit(f"processes: `unetrpp benchmark` ended with {one.returncode}: {errors.strip()}")
    return json.loads(ends[0][0])["median"]


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no namespace stays behind
    what = options.what or ["one", "two", "wire"]
    if "wire" in what and (os.geteuid() != 0 or not os.access("/dev/net/tun", os.W_OK)):
        if options.what:
            sys.exit("processes: the wire needs root and /dev/net/tun")
        print("no wire: it needs root and /dev/net/tun", file=sys.stderr)
        what.remove("wire")
    kinds = ["overlapped", "afterward", "apart"]
    figures = [("one", None)] * ("one" in what) + [("two", kind) for kind in kinds] * ("two" in what) + [("wire", kind) for kind in kinds] * ("wire" in what)
    times = collections.defaultdict(list)

    def rounds(wire):
        for number in range(options.rounds):
            for place, kind in figures:
                times[place, kind].append(measure(1 if place == "one" else 2, kind, wire if place == "wire" else None))
                print(f"round {number + 1} of {options.rounds}: {place} {kind or ''} {times[place, kind][-1]:.3f} s a step", file=sys.stderr)

    if "wire" in what:
        with Wire() as wire:
            rounds(wire)
    else:
        rounds(None)
    names = {"one": "1 process × 2 threads", "two": "2 processes × 1 thread, one machine",
             "wire": f"2 processes × 1 thread, a wire of {options.rate:g} Mbit/s and {options.delay:g} ms each way"}
    print(f"training step, {options.configuration.stem}, batch {options.batch} of all processes, {options.precision}\n")
    print("| | gradients | step | range |\n|---|---|---:|---:|")
    for (place, kind), values in times.items():
        print(f"| {names[place]} | {kind or ''} | {statistics.median(values):.3f} s | {min(values):.3f}–{max(values):.3f} |")
    print()
    shares = {}
    for place in ("two", "wire"):
        if (place, "apart") in times:
            overlapped, afterward, apart = (statistics.median(times[place, kind]) for kind in kinds)
            shares[place] = (afterward - overlapped) / (afterward - apart) if afterward > apart else None
            hidden = "not to be told: averaging afterward took no time" if shares[place] is None else f"{shares[place]:.0%}"
            print(f"{names[place]}: communication {1000 * (afterward - apart):.0f} ms a step, hidden share {hidden}")
    if options.json:
        options.json.write_text(json.dumps({"times": {f"{place} {kind or ''}".strip(): values for (place, kind), values in times.items()}, "hidden": shares}, indent=1) + "\n")


main()
