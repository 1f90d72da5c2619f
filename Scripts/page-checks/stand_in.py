#!/usr/bin/env python3
"""A stand-in for `unetrpp-serve`, for tests of its page: `stand_in.py PAGE [--port N] [--token T]`, on 127.0.0.1.

It speaks /v1 as the server does, but has no network: the mask of one of the shipped hippocampus scans is the expert's, that of any other scan shows where it is
brightest and darkest. A DICOM study is taken for the first of the shipped scans. Statistics and comparisons are computed from the masks. There are four
models: "hippocampus"; "slow", which takes its time and breaks off each stream of events after a while; "two-channels", which wants two scans; and
"broken", whose jobs fail.
"""
import argparse
import datetime
import hashlib
import http.server
import io
import json
import mimetypes
import pathlib
import re
import secrets
import threading
import time
import urllib.parse
import zipfile

import volumes

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EXAMPLES = ROOT / "Examples/hippocampus"
LABELS = [{"value": 1, "name": "Anterior", "color": "#e69f00"}, {"value": 2, "name": "Posterior", "color": "#0072b2"}]
FINAL = ("done", "failed", "canceled")
FORMATS = ("nifti", "nrrd", "seg-nrrd", "metaimage", "dicom-seg", "rtstruct")
POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' blob: data:"
)


def model(name, title, channels=("MRI",), state="cold"):
    return {
        "name": name, "title": title, "architecture": "unetr-plus-plus", "version": "1", "modality": "MR", "channels": [{"name": c} for c in channels],
        "labels": LABELS, "regions": False, "spacing": [1, 1, 1], "patch": [48, 64, 48], "license": "CC BY-SA 4.0",
        "digest": hashlib.sha256(name.encode()).hexdigest(), "state": state,
    }  # fmt: skip


MODELS = [
    model("hippocampus", "Hippocampus", state="warm"), model("slow", "Hippocampus, slowly"), model("two-channels", "Two channels", ("T1", "T2")),
    model("broken", "Broken"),
]  # fmt: skip


class Refusal(Exception):
    def __init__(self, status, code, reason, field=None, retry=None):
        self.status, self.retry = status, retry
        self.body = {"error": {"code": code, "field": field, "reason": reason}}


def identifier():
    return "".join(secrets.choice("0123456789ABCDEFGHJKMNPQRSTVWXYZ") for _ in range(26))


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def recognize(body, series):
    """(format, scan as NIfTI) of an upload."""
    if body[:2] == b"PK":
        try:
            with zipfile.ZipFile(io.BytesIO(body)) as archive:
                if (damaged := archive.testzip()) is not None:
                    raise Refusal(422, "damaged", f"{damaged} in the archive is damaged.")
                pixels = [name for name in archive.namelist() if archive.read(name)[128:132] == b"DICM"]
        except zipfile.BadZipFile:
            raise Refusal(422, "damaged", "The zip archive is damaged or cut off.") from None
        if not pixels:
            raise Refusal(415, "unknown-format", "The zip archive holds no DICOM file.")
        if len({pathlib.PurePath(name).parent for name in pixels}) > 1 and series != "2":
            raise Refusal(422, "several_series", "The study has several series; name one: 1: MR T1 (1.2.3); 2: MR T2 (1.2.4)", "series")
        return "dicom", sorted(EXAMPLES.glob("images/*.nii.gz"))[0].read_bytes()
    try:
        volumes.Volume(body)
    except Exception:
        raise Refusal(415, "unknown-format", "The file is none of NIfTI, NRRD, MetaImage, DICOM or a zip archive of DICOM files.") from None
    return "nifti", body


class Store:
    def __init__(self):
        self.lock = threading.Condition()
        self.scans, self.jobs = {}, {}
        self.answers, self.uploads = {}, []
        for scan in EXAMPLES.glob("images/*.nii.gz"):
            self.answers[scan.read_bytes()] = (EXAMPLES / "labels" / scan.name).read_bytes()

    def add_scan(self, name, series, body):
        self.uploads.append((name, body))
        kind, image = recognize(body, series)
        volume = volumes.Volume(image)
        description = {
            "id": identifier(), "name": name, "format": kind, "size": list(volume.size), "spacing": list(volume.spacing), "bytes": len(body),
            "digest": hashlib.sha256(body).hexdigest(), "expires": now(),
        }  # fmt: skip
        with self.lock:
            self.scans[description["id"]] = (description, image)
        return description

    def scan(self, key):
        if key not in self.scans:
            raise Refusal(404, "not-found", "There is no such scan; it may have expired.")
        return self.scans[key]

    def job(self, key):
        if key not in self.jobs:
            raise Refusal(404, "not-found", "There is no such job; it may have expired.")
        return self.jobs[key]

    def add_job(self, wish):
        known = {m["name"]: m for m in MODELS}
        if wish.get("model") not in known:
            raise Refusal(422, "unknown-model", f"There is no model called {wish.get('model')}.", "model")
        scans = wish.get("scans") or [wish.get("scan")]
        wanted = len(known[wish["model"]]["channels"])
        if len(scans) != wanted:
            raise Refusal(422, "channels", f"The model takes {wanted} scans, one a channel; {len(scans)} were given.", "scans")
        image = [self.scan(scan)[1] for scan in scans][0]
        job = {
            "id": identifier(), "model": wish["model"], "scan": scans[0], "state": "queued", "position": 0, "progress": 0, "created": now(), "fromStore": False,
        }  # fmt: skip
        with self.lock:
            self.jobs[job["id"]] = job
        mask = self.answers.get(image) or volumes.extremes(volumes.Volume(image))
        threading.Thread(target=self.work, args=(job, mask), daemon=True).start()
        return public(job)

    def work(self, job, mask):
        steps, pause = (40, 0.15) if job["model"] == "slow" else (5, 0.1)
        time.sleep(0.2)
        for step in range(steps):
            with self.lock:
                if job["state"] == "canceled":
                    return
                job.pop("position", None)
                job.setdefault("started", now())
                job.update(state="running", progress=step / steps, secondsLeft=(steps - step) * pause)
                self.lock.notify_all()
            time.sleep(pause)
        with self.lock:
            if job["state"] == "canceled":
                return
            job.pop("secondsLeft", None)
            job["ended"] = now()
            if job["model"] == "broken":
                job.update(state="failed", error={"code": "memory", "reason": "The model needs 40 GB of memory, but 8 GB may be used; take a smaller scan."})
            else:
                job.update(state="done", progress=1, mask=mask)
            self.lock.notify_all()

    def remove_job(self, key):
        job = self.job(key)
        with self.lock:
            if job["state"] in FINAL:
                del self.jobs[key]
            else:
                job.update(state="canceled", ended=now())
                job.pop("position", None)
            self.lock.notify_all()

    def mask(self, key):
        job = self.job(key)
        if job["state"] != "done":
            raise Refusal(409, "not-done", f"The job has no result: it is {job['state']}.")
        return job["mask"]

    def remove_scan(self, key):
        self.scan(key)
        del self.scans[key]


def public(job):
    return {key: value for key, value in job.items() if key != "mask"}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", kind="application/json", **headers):
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def handle_any(self):
        url = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(url.query))
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        try:
            if self.command == "GET" and (url.path == "/" or url.path.startswith("/assets/")):
                return self.page(url.path)
            if self.server.token and self.headers.get("Authorization") != f"Bearer {self.server.token}":
                raise Refusal(401, "unauthorized", "This server wants a token, and the one given is not it.")
            for method, pattern, action in ROUTES:
                if method == self.command and (match := re.fullmatch(pattern, url.path)):
                    return action(self, body, *match.groups())
            raise Refusal(404, "not-found", "There is nothing at this address.")
        except Refusal as refusal:
            self.answer(refusal.status, refusal.body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_POST = do_DELETE = handle_any

    def page(self, path):
        folder = pathlib.Path(self.server.page).resolve()
        file = (folder / (path.lstrip("/") or "index.html")).resolve()
        if not file.is_relative_to(folder) or not file.is_file():
            return self.answer(404)
        kind = "text/javascript" if file.suffix == ".js" else mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        self.answer(200, file.read_bytes(), kind + ("; charset=utf-8" if kind.startswith("text/") else ""), Content_Security_Policy=POLICY)

    def info(self, _):
        limits = {"uploadBytes": 1 << 30, "keepSeconds": 86400}
        self.answer(200, {"name": "unetrpp", "version": "0.1.0", "devices": ["cpu"], "limits": limits, "authentication": bool(self.server.token)})

    def models(self, _):
        self.answer(200, {"models": MODELS})

    def add_scan(self, body):
        self.answer(201, self.server.store.add_scan(self.query.get("name", ""), self.query.get("series"), body))

    def scan(self, _, key):
        self.answer(200, self.server.store.scan(key)[0])

    def remove_scan(self, _, key):
        self.server.store.remove_scan(key)
        self.answer(204)

    def image(self, _, key):
        self.answer(200, self.server.store.scan(key)[1], "application/gzip")

    def add_job(self, body):
        self.answer(201, self.server.store.add_job(json.loads(body)))

    def jobs(self, _):
        newest = sorted(self.server.store.jobs.values(), key=lambda job: job["created"], reverse=True)
        self.answer(200, {"jobs": [public(job) for job in newest[: int(self.query.get("limit", 50))]]})

    def job(self, _, key):
        self.answer(200, public(self.server.store.job(key)))

    def remove_job(self, _, key):
        self.server.store.remove_job(key)
        self.answer(204)

    def events(self, _, key):
        job = self.server.store.job(key)
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        last, sent = None, 0
        while True:
            with self.server.store.lock:
                if public(job) == last:
                    self.server.store.lock.wait(15)
                last = public(job)
            self.wfile.write(f": ping\r\nevent: job\ndata: {json.dumps(last)}\n\n".encode())
            sent += 1
            # The page has to connect again.
            if last["state"] in FINAL or (job["model"] == "slow" and sent == 8):
                return

    def result(self, _, key):
        kind = self.query.get("format", "nifti")
        mask = self.server.store.mask(key)
        if kind not in FORMATS:
            raise Refusal(422, "format", f"{kind} is not one of the formats of a mask.", "format")
        if kind in ("dicom-seg", "rtstruct") and self.server.store.scan(self.server.store.job(key)["scan"])[0]["format"] != "dicom":
            raise Refusal(422, "format", f"A mask can be {kind} only where the scan is DICOM.", "format")
        ending = {"nifti": "nii.gz", "nrrd": "nrrd", "seg-nrrd": "seg.nrrd", "metaimage": "mha", "dicom-seg": "seg.dcm", "rtstruct": "rtstruct.dcm"}[kind]
        body = mask if kind == "nifti" else b"stand-in: " + kind.encode() + b"\n"
        self.answer(200, body, "application/octet-stream", Content_Disposition=f'attachment; filename="mask.{ending}"')

    def statistics(self, _, key):
        self.answer(200, {"structures": volumes.statistics(volumes.Volume(self.server.store.mask(key)), LABELS)})

    def compare(self, body, key):
        mask = volumes.Volume(self.server.store.mask(key))
        try:
            reference = volumes.Volume(body)
        except Exception:
            raise Refusal(415, "unknown-format", "The reference is none of NIfTI, NRRD or MetaImage.") from None
        if reference.size != mask.size:
            sizes = " and ".join("×".join(map(str, size)) for size in (reference.size, mask.size))
            raise Refusal(422, "geometry", f"The reference and the mask differ in size: {sizes} voxels.")
        figures = [
            {"name": label["name"], "dice": volumes.dice(mask, reference, label["value"]), "hd95": volumes.hd95(mask, reference, label["value"])} for label in LABELS
        ]  # fmt: skip
        self.answer(200, {"structures": figures})


ID = "([0-9A-Z]{26})"
ROUTES = [
    ("GET", "/v1/info", Handler.info),
    ("GET", "/v1/models", Handler.models),
    ("POST", "/v1/scans", Handler.add_scan),
    ("GET", f"/v1/scans/{ID}", Handler.scan),
    ("DELETE", f"/v1/scans/{ID}", Handler.remove_scan),
    ("GET", f"/v1/scans/{ID}/image", Handler.image),
    ("GET", "/v1/jobs", Handler.jobs),
    ("POST", "/v1/jobs", Handler.add_job),
    ("GET", f"/v1/jobs/{ID}", Handler.job),
    ("DELETE", f"/v1/jobs/{ID}", Handler.remove_job),
    ("GET", f"/v1/jobs/{ID}/events", Handler.events),
    ("GET", f"/v1/jobs/{ID}/result", Handler.result),
    ("GET", f"/v1/jobs/{ID}/statistics", Handler.statistics),
    ("POST", f"/v1/jobs/{ID}/compare", Handler.compare),
]


def start(page, port=0, token=None, store=None):
    """Serves until the program ends."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    server.page, server.token, server.store = page, token, store or Store()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.address = f"http://127.0.0.1:{server.server_address[1]}"
    return server


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token")
    options = parser.parse_args()
    print(start(options.page, options.port, options.token).address, flush=True)
    threading.Event().wait()
