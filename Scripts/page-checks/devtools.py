"""A browser that a script drives: headless Chromium through its debugging protocol, over a websocket (the package websocket-client)."""
import base64
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import time

import websocket

FLAGS = [
    "--headless=new", "--remote-debugging-port=0", "--remote-allow-origins=*", "--no-first-run", "--disable-background-networking", "--disable-extensions",
    "--disable-component-update", "--disable-sync", "--mute-audio", "--hide-scrollbars", "--force-color-profile=srgb", "--force-device-scale-factor=1",
    "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage",
]  # fmt: skip


class PageError(Exception):
    pass


class Browser:
    """One page of a Chromium of its own, with a profile in `folder`. Notes each request and each word on the console."""

    def __init__(self, folder, size=(1440, 1200), program=None):
        program = program or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        if not program:
            raise PageError("Chromium was not found. Debian, Ubuntu: apt-get install chromium.")
        profile = pathlib.Path(folder) / "profile"
        root = ["--no-sandbox"] if os.geteuid() == 0 else []
        window = f"--window-size={size[0]},{size[1]}"
        self.process = subprocess.Popen(
            [program, *FLAGS, *root, window, f"--user-data-dir={profile}", "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        port_file = profile / "DevToolsActivePort"
        self.wait(lambda: port_file.exists() and len(port_file.read_text().splitlines()) == 2, "the browser to start", 60)
        port, address = port_file.read_text().splitlines()
        self.socket = websocket.create_connection(f"ws://127.0.0.1:{port}{address}", timeout=120)
        self.counter, self.session = 0, None
        self.addresses, self.refused = {}, set()
        self.requests, self.console, self.dialogs, self.choosers, self.answers = [], [], [], [], {}
        target = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "DOM"):
            self.call(f"{domain}.enable")
        self.resize(*size)

    def close(self):
        with contextlib.suppress(Exception):
            self.socket.close()
        self.process.terminate()
        self.process.wait(20)

    # The protocol

    def call(self, method, **parameters):
        self.counter += 1
        message = {"id": self.counter, "method": method, "params": parameters}
        if self.session and not method.startswith("Browser."):
            message["sessionId"] = self.session
        self.socket.send(json.dumps(message))
        number = self.counter
        while True:
            if number in self.answers:
                answer = self.answers.pop(number)
                if "error" in answer:
                    raise PageError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.receive()

    def receive(self):
        message = json.loads(self.socket.recv())
        if "id" in message:
            self.answers[message["id"]] = message
            return
        parameters = message.get("params", {})
        match message["method"]:
            case "Network.requestWillBeSent":
                self.requests.append(parameters["request"]["url"])
                self.addresses[parameters["requestId"]] = parameters["request"]["url"]
            case "Network.loadingFailed" if parameters.get("blockedReason") == "csp":
                self.refused.add(self.addresses[parameters["requestId"]])
            case "Runtime.consoleAPICalled" if parameters["type"] in ("error", "warning", "assert"):
                self.console.append(" ".join(str(a.get("value", a.get("description"))) for a in parameters["args"]))
            case "Runtime.exceptionThrown":
                details = parameters["exceptionDetails"]
                self.console.append(details.get("exception", {}).get("description", details["text"]))
            case "Log.entryAdded" if parameters["entry"]["level"] == "error":
                self.console.append(f"{parameters['entry']['text']} {parameters['entry'].get('url', '')}")
            case "Page.fileChooserOpened":
                self.choosers.append(parameters["backendNodeId"])
            case "Page.javascriptDialogOpening":
                self.dialogs.append(parameters["message"])
                self.socket.send(json.dumps({"id": -1, "sessionId": self.session, "method": "Page.handleJavaScriptDialog", "params": {"accept": True}}))

    # What a user and a test do

    @staticmethod
    def wait(condition, what, seconds=30):
        end = time.monotonic() + seconds
        while not (found := condition()):
            if time.monotonic() > end:
                raise PageError(f"waited {seconds} s in vain for {what}")
            time.sleep(0.05)
        return found

    def run(self, script):
        """The value of a JavaScript expression; promises are waited for."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise PageError(f"{script[:120]}: {answer['exceptionDetails'].get('exception', {}).get('description', answer['exceptionDetails']['text'])}")
        return answer["result"].get("value")

    def until(self, script, what=None, seconds=30):
        return self.wait(lambda: self.run(script), what or script, seconds)

    def text(self, selector):
        return self.run(f"document.querySelector({json.dumps(selector)}).textContent.trim()")

    def open(self, address):
        self.call("Page.navigate", url=address)
        self.until("document.readyState === 'complete'", f"{address} to load")

    def click(self, selector):
        """A click of the mouse on the middle of an element, which is brought into sight first."""
        x, y = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: 'center', behavior: 'instant'}});"
            " const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def drag(self, selector, start, end, button):
        """Drags over an element; places as shares of its width and height."""
        x, y, width, height = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: 'center', behavior: 'instant'}});"
            " const r = e.getBoundingClientRect(); return [r.x, r.y, r.width, r.height]; })()"
        )
        mask = {"left": 1, "right": 2}[button]
        for kind, place, pressed in (("mouseMoved", start, 0), ("mousePressed", start, mask), ("mouseMoved", end, mask), ("mouseReleased", end, 0)):
            where = dict(x=x + place[0] * width, y=y + place[1] * height)
            self.call("Input.dispatchMouseEvent", type=kind, button=button if kind != "mouseMoved" or pressed else "none", buttons=pressed, clickCount=1, **where)

    def press(self, key, code=None, text=None, shift=False):
        numbers = {"Tab": 9, "Enter": 13, " ": 32, "PageUp": 33, "PageDown": 34, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        code = code or {" ": "Space"}.get(key, key)
        text = text or {"Enter": "\r", " ": " "}.get(key) or (key if len(key) == 1 else None)
        parameters = {"key": key, "code": code, "windowsVirtualKeyCode": numbers.get(key, ord(key.upper()[0])), "modifiers": 8 if shift else 0}
        self.call("Input.dispatchKeyEvent", type="keyDown", **parameters, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **parameters)

    def choose(self, selector, *files):
        """Gives files to a file input."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(f) for f in files])

    def drop(self, selector, *files):
        """Drags files from outside over an element and drops them there."""
        x, y = self.run(f"(() => {{ const r = document.querySelector({json.dumps(selector)}).getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})()")
        data = {"items": [], "files": [str(f) for f in files], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.call("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)

    def resize(self, width, height, mobile=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)

    def scheme(self, name):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def screenshot(self, clip=None, beyond=False):
        """A PNG of the window, or of a rectangle (x, y, width, height) of the document; `beyond`: also of what is scrolled away, which takes longer."""
        more = {"clip": dict(zip(("x", "y", "width", "height"), clip), scale=1), "captureBeyondViewport": beyond} if clip else {}
        return base64.b64decode(self.call("Page.captureScreenshot", format="png", optimizeForSpeed=True, **more)["data"])
