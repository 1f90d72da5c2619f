#!/usr/bin/env python3
"""Measures `unetrpp serve` from outside, over its own API. Needs Linux and Python 3, and nothing else.

    service.py --program .build/release/unetrpp-serve --models Models --model hippocampus --scan SCAN.nii.gz
        start      from the start to ready, without models
        warm       a request to a warm model (upload, job, result) beside the same scan in process, in a worker of its own
        jobs       100 jobs from 8 clients: none lost, order, memory
        streams    1,000 idle streams of events
    with no word: all of them

Each scan that is sent is another one (its description differs), so that nothing is answered from the store.
"""
import argparse
import concurrent.futures
import gzip
import http.client
import json
import os
import pathlib
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("what", nargs="*", choices=["start", "warm", "jobs", "streams", []])
parser.add_argument("--program", type=pathlib.Path, required=True)
parser.add_argument("--worker", type=pathlib.Path, help="the program whose workers compute (default: the one that the server finds)")
parser.add_argument("--models", type=pathlib.Path, required=True)
parser.add_argument("--model", required=True)
parser.add_argument("--scan", type=pathlib.Path, required=True)
parser.add_argument("--requests", type=int, default=20)
parser.add_argument("--jobs", type=int, default=100)
parser.add_argument("--clients", type=int, default=8)
parser.add_argument("--streams", type=int, default=1000)
options = parser.parse_args()
voxels = gzip.decompress(options.scan.read_bytes())


def scan(number):
    """The scan with another description (80 bytes at 148 of NIfTI's header)."""
    return gzip.compress(voxels[:148] + f"copy {number}".encode().ljust(80, b"\0") + voxels[228:], 1)


def resident(process):
    """Bytes of memory of a process that are its own or shared."""
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{process}/status").read_text()).group(1)) << 10


def seconds_of_processor(process):
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Server:
    def __init__(self, folder, models=None, *more):
        self.folder, self.log = folder, open(folder / "log", "w+")
        words = [options.program, "--models", models or options.models, "--data", folder / "data", "--port", "0", *more]
        if options.worker:
            words += ["--program", options.worker]
        self.begin = time.monotonic()
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=self.log)
        while not (found := re.search(r"listening on http://127.0.0.1:(\d+)/", pathlib.Path(self.log.name).read_text())):
            if self.process.poll() is not None:
                sys.exit(pathlib.Path(self.log.name).read_text())
            time.sleep(0.001)
        self.port = int(found.group(1))
        self.listening = time.monotonic() - self.begin
        while self.ask("GET", "/ready")[0] != 200:
            time.sleep(0.005)
        self.ready = time.monotonic() - self.begin

    def ask(self, method, path, body=None, token=None, connection=None):
        headers = {"Content-Type": "application/json"} if isinstance(body, str) else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        return answer.status, json.loads(data) if answer.headers.get("Content-Type") == "application/json" else data

    @property
    def worker(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return int(" ".join(child.read_text() for child in children).split()[0])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(40)


def events(server, job, token=None):
    """The events of a job, as they come."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    connection.request("GET", f"/v1/jobs/{job}/events", headers={"Authorization": f"Bearer {token}"} if token else {})
    answer = connection.getresponse()
    while line := answer.readline():
        if line.startswith(b"data: "):
            yield json.loads(line[6:])
        elif line.startswith(b":"):
            yield None


def start(folder):
    empty = folder / "models"
    empty.mkdir()
    listening, ready = [], []
    for number in range(10):
        place = folder / str(number)
        place.mkdir()
        server = Server(place, empty)
        listening.append(server.listening)
        ready.append(server.ready)
        server.stop()
    print(f"start to listening {statistics.median(listening):.3f} s, to ready {statistics.median(ready):.3f} s (median of 10, most {max(ready):.3f} s)")


def warm(folder):
    server = Server(folder)
    program = options.worker or options.program.parent / "unetrpp"
    worker = subprocess.Popen(
        [program, "worker", "--models", options.models, "--device", "auto"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    worker.stdout.readline()

    def request(number):
        data, begin = scan(number), time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
        _, uploaded = server.ask("POST", "/v1/scans?name=scan.nii.gz", data, connection=connection)
        status, job = server.ask("POST", "/v1/jobs", json.dumps({"model": options.model, "scan": uploaded["id"]}), connection=connection)
        assert status == 201, job
        last = None
        for event in events(server, job["id"]):
            last = event or last
        status, mask = server.ask("GET", f"/v1/jobs/{job['id']}/result", connection=connection)
        assert status == 200 and last["state"] == "done", (last, mask)
        return time.monotonic() - begin, mask

    def within(number):
        file, mask = folder / "own.nii.gz", folder / "own-mask.nii.gz"
        file.write_bytes(scan(number))
        order = {"job": f"J{number}", "model": options.model, "scans": [str(file)], "series": [], "mask": str(mask), "statistics": str(folder / "s.json"), "choices": {}}
        worker.stdin.write(json.dumps({"segment": {"order": order}}) + "\n")
        worker.stdin.flush()
        while True:
            event = json.loads(worker.stdout.readline())
            if "done" in event:
                return event["done"]["seconds"], mask.read_bytes()
            assert "failed" not in event, event

    for number in range(3):
        request(number), within(number)
    # In turns, so that both have the same conditions.
    outside, inside = [], []
    for number in range(3, 3 + options.requests):
        (one, mask), (other, own) = request(number), within(number)
        assert mask == own, "the masks differ"
        outside.append(one)
        inside.append(other)
    worker.stdin.close()
    server.stop()
    ratio = statistics.median(outside) / statistics.median(inside)
    print(
        f"warm request {statistics.median(outside):.3f} s end to end, {statistics.median(inside):.3f} s in process: {ratio:.3f} times"
        f" (medians of {options.requests}, in turns; masks equal to the byte)")


def jobs(folder):
    tokens = [f"client{number}-0123456789abcdef" for number in range(options.clients)]
    (folder / "tokens").write_text("".join(f"client{number}:{token}\n" for number, token in enumerate(tokens)))
    server = Server(folder, None, "--token-file", str(folder / "tokens"), "--queue", str(options.jobs))
    places = [number % options.clients for number in range(options.jobs)]

    def submit(number):
        token = tokens[places[number]]
        status, uploaded = server.ask("POST", "/v1/scans?name=scan.nii.gz", scan(number), token)
        assert status == 201, uploaded
        return uploaded["id"]

    with concurrent.futures.ThreadPoolExecutor(options.clients) as pool:
        scans = list(pool.map(submit, range(options.jobs)))
        # The first client asks for all it wants before the next one comes, which must not help it.
        order = sorted(range(options.jobs), key=lambda number: places[number])
        begin, known = time.monotonic(), {}
        for number in order:
            status, job = server.ask("POST", "/v1/jobs", json.dumps({"model": options.model, "scan": scans[number]}), tokens[places[number]])
            assert status == 201, job
            known[job["id"]] = places[number]
        submitted, memory = time.monotonic() - begin, []
        while True:
            ended = sum(job["state"] == "done" for token in tokens for job in server.ask("GET", "/v1/jobs?limit=1000", None, token)[1]["jobs"])
            memory.append((ended, resident(server.process.pid), resident(server.worker)))
            if ended == options.jobs:
                break
            time.sleep(0.2)
        passed = time.monotonic() - begin
    seen = [job for token in tokens for job in server.ask("GET", "/v1/jobs?limit=1000", None, token)[1]["jobs"]]
    assert sorted(job["id"] for job in seen) == sorted(known) and all(job["state"] == "done" for job in seen)
    # Fair: once all have asked, nobody is two ahead of anybody who still waits.
    seen.sort(key=lambda job: job["started"])
    left = [places.count(client) for client in range(options.clients)]
    taken, worst = [0] * options.clients, 0
    late = max(job["created"] for job in seen)
    for job in seen:
        client = known[job["id"]]
        if job["started"] > late:
            taken[client] += 1
            waiting = [other for other in range(options.clients) if left[other] > 0 and other != client]
            worst = max([worst] + [taken[client] - taken[other] for other in waiting])
        left[client] -= 1
    def spread(index):
        values = [line[index] for line in memory if line[0] >= 10]
        middle = statistics.median(values)
        return f"{middle / 2**20:.0f} MB, {100 * (min(values) / middle - 1):+.1f} to {100 * (max(values) / middle - 1):+.1f} %"
    server.stop()
    print(
        f"{options.jobs} jobs of {options.clients} clients in {passed:.1f} s (asked for in {submitted:.2f} s): all done, none twice; nobody was more than {worst} ahead;"
        f" memory after the first ten: server {spread(1)}, worker {spread(2)}")


def streams(folder):
    server = Server(folder)
    _, uploaded = server.ask("POST", "/v1/scans?name=scan.nii.gz", scan(0))
    os.kill(server.worker, signal.SIGSTOP)
    _, job = server.ask("POST", "/v1/jobs", json.dumps({"model": options.model, "scan": uploaded["id"]}))
    before, first, last = resident(server.process.pid), [], []
    threading.stack_size(256 << 10)

    def listen():
        begin, isFirst = time.monotonic(), True
        for event in events(server, job["id"]):
            if isFirst:
                first.append(time.monotonic() - begin)
                isFirst = False
            if event and event["state"] == "done":
                last.append(time.monotonic())

    threads = [threading.Thread(target=listen, daemon=True) for _ in range(options.streams)]
    for thread in threads:
        thread.start()
    while len(first) < options.streams:
        time.sleep(0.05)
    after, processor = resident(server.process.pid), seconds_of_processor(server.process.pid)
    latency = []
    for _ in range(200):
        begin = time.monotonic()
        assert server.ask("GET", "/health")[0] == 200
        latency.append(time.monotonic() - begin)
        time.sleep(0.1)
    used = (seconds_of_processor(server.process.pid) - processor) / 20
    os.kill(server.worker, signal.SIGCONT)
    for thread in threads:
        thread.join(60)
    server.stop()
    assert len(last) == options.streams, f"{len(last)} of {options.streams} streams were told the end"
    print(
        f"{options.streams} idle streams: first event after {statistics.median(first) * 1000:.0f} ms (most {max(first) * 1000:.0f}), {(after - before) / options.streams / 1024:.0f} kB each,"
        f" {100 * used:.1f} % of a core, /health meanwhile {statistics.median(latency) * 1000:.1f} ms (most {max(latency) * 1000:.1f}); all told the end within {max(last) - min(last):.2f} s")


resource.setrlimit(resource.RLIMIT_NOFILE, (min(65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
for name in options.what or ["start", "warm", "jobs", "streams"]:
    with tempfile.TemporaryDirectory() as folder:
        {"start": start, "warm": warm, "jobs": jobs, "streams": streams}[name](pathlib.Path(folder))
