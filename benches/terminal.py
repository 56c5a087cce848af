"""What the dashboard costs in a real terminal: time to the first frame, bytes, processor time, and the delay of keys.

    cargo build --profile fast
    python3 benches/terminal.py [BINARY]            # target/fast/quotient by default; takes about four minutes

Runs the binary in a pseudo-terminal, understands what it draws (cursor positions and text, no more), and prints a line
for each figure. Needs Linux and Python 3.9 or later, and nothing besides. What it measures:

- first frame: from starting the process until the footer of the dashboard stands there.
- bytes: what is written a second while a run is on, at 80x24 and 200x50: the simulator with its usual plan, and 2,000
  events a second of 20 variants with 100,000 trials behind them, in each view.
- idle: the share of one core while nothing happens: before a run, and a minute after one has ended.
- keys: from writing a key until what it changes is on the screen, while 2,000 events a second stream in.
"""

import fcntl
import json
import os
import pty
import random
import re
import select
import shutil
import struct
import sys
import tempfile
import termios
import time
import unicodedata
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
BINARY = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "../target/fast/quotient"))
SIZES = [(80, 24), (200, 50)]
VIEWS = ["Dashboard", "Variant", "Trials", "Quota", "Verdict", "Log"]
BEHIND, EVENTS, SECONDS = 100_000, 2_000, 60

SEQUENCE = re.compile(r"\x1b\[([?>]?)([0-9;:]*)([A-Za-z])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][A-Z0-9]|\x1b[=>78]")


class Screen:
    """The cells of a terminal, as far as the dashboard uses one."""

    def __init__(self, columns, rows):
        self.rows = [[" "] * columns for _ in range(rows)]
        self.x = self.y = 0
        self.rest = b""

    def feed(self, data):
        data = self.rest + data
        # A character or a sequence that is not whole yet waits for the rest.
        whole = len(data)
        for back in range(1, min(4, len(data)) + 1):
            byte = data[-back]
            if byte >= 0xC0:
                whole = len(data) - back if back < (2 if byte < 0xE0 else 3 if byte < 0xF0 else 4) else whole
                break
            if byte < 0x80:
                break
        escape = data.rfind(b"\x1b", 0, whole)
        if escape >= 0 and not SEQUENCE.match(data[escape:whole].decode("utf-8", "replace")):
            whole = escape
        text, self.rest = data[:whole].decode("utf-8", "replace"), data[whole:]
        at = 0
        for found in SEQUENCE.finditer(text):
            self.put(text[at:found.start()])
            self.control(found)
            at = found.end()
        self.put(text[at:])

    def control(self, found):
        kind, numbers, what = found.group(1), found.group(2), found.group(3)
        if what == "H" and not kind:
            y, x = [int(n or 1) for n in (numbers + ";").split(";")[:2]] if numbers else (1, 1)
            self.x, self.y = x - 1, y - 1
        elif what == "J":
            self.rows = [[" "] * len(self.rows[0]) for _ in self.rows]

    def put(self, text):
        for character in text:
            if ord(character) < 32:
                continue
            wide = 0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
            if 0 <= self.y < len(self.rows) and 0 <= self.x < len(self.rows[0]) and wide:
                self.rows[self.y][self.x] = character
            self.x += wide

    def text(self):
        return "\n".join("".join(row) for row in self.rows)


class Terminal:
    """The dashboard in a pseudo-terminal of a size."""

    def __init__(self, size, arguments):
        self.screen = Screen(*size)
        self.bytes = 0
        self.begun = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            # The child sets its own size, so that the program never sees another.
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
            home = os.environ["TERMINAL_HOME"]
            kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
            os.chdir(home)
            environment = dict(kept, HOME=home, TERM="xterm-256color", COLORTERM="truecolor", LC_ALL="C.UTF-8")
            os.execve(BINARY, [BINARY] + arguments, environment)

    def read(self, until):
        """Takes in what is written until a moment, or until there is something."""
        wait = max(0.0, until - time.perf_counter())
        if not select.select([self.fd], [], [], wait)[0]:
            return False
        data = os.read(self.fd, 1 << 16)
        self.bytes += len(data)
        self.screen.feed(data)
        return True

    def run(self, seconds):
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            self.read(until)

    def wait(self, holds, patience=60.0):
        """Waits until something holds of the text on the screen; the seconds that took."""
        begun = time.perf_counter()
        while not holds(self.screen.text()):
            if time.perf_counter() - begun > patience:
                sys.exit("waited in vain; the screen:\n" + self.screen.text())
            self.read(begun + patience)
        return time.perf_counter() - begun

    def press(self, keys):
        os.write(self.fd, keys.encode())

    def processor(self):
        """Seconds of processor time so far."""
        with open(f"/proc/{self.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        os.kill(self.pid, 15)
        try:
            while self.read(time.perf_counter() + 5.0):
                pass
        except OSError:
            pass
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def is_drawn(text):
    return "Dashboard" in text and " quit" in text.splitlines()[-1] + text.splitlines()[-2]


def head(text):
    return " ".join(text.splitlines()[:2])


def say(what, figure):
    print(f"{what:<66} {figure}", flush=True)


def milliseconds(all):
    ranked = sorted(all)
    at = lambda p: ranked[min(len(ranked) - 1, int(p * len(ranked)))] * 1_000
    return f"{at(0.5):.1f} ms median, {at(0.95):.1f} ms p95, {ranked[-1] * 1_000:.1f} ms at most"


def first_frame():
    for size in SIZES:
        took = []
        for _ in range(20):
            terminal = Terminal(size, [])
            terminal.wait(is_drawn)
            took.append(time.perf_counter() - terminal.begun)
            terminal.end()
        say(f"first frame, {size[0]}x{size[1]}", milliseconds(took))


def share(terminal, seconds):
    before, begun, bytes_before = terminal.processor(), time.perf_counter(), terminal.bytes
    terminal.run(seconds)
    passed = time.perf_counter() - begun
    used = (terminal.processor() - before) / passed * 100
    return f"{used:.2f} % of a core, {(terminal.bytes - bytes_before) / passed:,.0f} bytes/s"


def simulator():
    for size in SIZES:
        terminal = Terminal(size, [])
        terminal.wait(lambda text: is_drawn(text) and "Detecting" not in text)
        terminal.run(3.0)
        say(f"idle before a run, {size[0]}x{size[1]}", share(terminal, 15.0))
        terminal.press("r")
        terminal.wait(lambda text: "running" in head(text))
        say(f"the usual run on the simulator, {size[0]}x{size[1]}", share(terminal, 15.0))
        terminal.press("s")
        terminal.wait(lambda text: "running" not in head(text) and "stopping" not in head(text))
        # By now the minute that the gauges show is behind it.
        terminal.run(65.0)
        say(f"idle a minute after a run, {size[0]}x{size[1]}", share(terminal, 15.0))
        terminal.end()


def journal(path):
    """A run of 20 variants: many trials at once, and then so many events a second."""
    with open(os.path.join(HERE, "../tests/data/journals/verified.jsonl")) as lines:
        lines = [json.loads(line) for line in lines]
    start, detected = lines[0], next(line for line in lines if line["event"] == "quota_detected")
    finished = next(line for line in lines if line["event"] == "trial_finished")["sample"]
    plan = start["plan"]
    variant = plan["variants"][0]
    plan["variants"] = [dict(variant, name=f"variant-{n}", included=True) for n in range(1, 21)]
    plan.update(trials=BEHIND, racing=False, verify=False, concurrency={"fixed": 100})
    for limit in ("rpm", "tpm"):
        detected["quota"][limit]["value"] = 120_000.0 if limit == "rpm" else 90_000_000.0
    rng, at, entries = random.Random(7), start["at"], [start, detected]
    for number in range(BEHIND + EVENTS // 2 * SECONDS):
        trial = {"id": number, "model": 0, "variant": number % 20, "case": 0, "block": number // 20}
        # One sent, one done: two events a trial.
        at += 10 if number < BEHIND else 2_000_000 // EVENTS
        usage = {"input": 200 + 9 * (number % 20), "output": rng.randint(30, 300), "cache_read": 0, "cache_write": 0}
        took = rng.randint(300_000, 4_000_000)
        timing = dict(finished["outcome"]["timing"], e2e=took, ttft=took // 3)
        outcome = dict(finished["outcome"], usage=dict(usage, source="reported"), timing=timing)
        if rng.random() < 0.1:
            outcome["failed_checks"] = [{"check": "max_words 120", "why": "131 words, at most 120"}]
        settled = usage["input"] + 5 * usage["output"]
        sample = dict(finished, trial=trial, outcome=outcome, settled=settled, waited=0, to_success=took)
        reserved = sample["reserved"]
        entries.append({"event": "invocation_started", "trial": trial, "attempt": 1, "reserved": reserved, "at": at})
        entries.append({"event": "trial_finished", "sample": sample, "at": at})
    with open(path, "w") as out:
        for number, entry in enumerate(entries):
            entry.pop("crc", None)
            body = json.dumps(dict({"seq": number}, **{**entry, "seq": number}), separators=(",", ":"), ensure_ascii=False)
            out.write(f'{body[:-1]},"crc":"{zlib.crc32(body.encode()):08x}"}}\n')


def streaming(path):
    for size in SIZES:
        terminal = Terminal(size, ["replay", path, "--speed", "1"])
        reading = terminal.wait(is_drawn, 120.0)
        terminal.wait(lambda text: int((re.search(r"(\d+)/\d+ trials", text) or [0, 0])[1]) > BEHIND)
        say(f"a journal of {BEHIND:,} trials is read before, {size[0]}x{size[1]}", f"{reading:.1f} s")
        for number, view in enumerate(VIEWS, 1):
            terminal.press(str(number))
            terminal.run(0.5)
            say(f"2,000 events/s, {view}, {size[0]}x{size[1]}", share(terminal, 4.0))
        terminal.press("1")
        terminal.run(0.5)
        keys(terminal, size)
        terminal.end()


def keys(terminal, size):
    """The selection goes down and up; another objective is chosen, under which a verdict is to be found."""
    rng = random.Random(3)
    marked = lambda text: next((n for n, line in enumerate(text.splitlines()) if "▸" in line), None)
    objective = lambda text: (re.search(r"Verdict: (\w+)", text) or [None])[0]
    took = {"selection": [], "objective": []}
    for turn in range(40):
        for name, key, seen in [("selection", "j" if turn % 4 < 2 else "k", marked), ("objective", "o", objective)]:
            if name == "objective" and turn % 3:
                continue
            terminal.run(rng.uniform(0.05, 0.25))
            before = seen(terminal.screen.text())
            terminal.press(key)
            took[name].append(terminal.wait(lambda text: seen(text) != before, 10.0))
    for name, times in took.items():
        say(f"key ({name}) at 2,000 events/s, {size[0]}x{size[1]}", milliseconds(times))


def main():
    if not os.access(BINARY, os.X_OK):
        sys.exit(f"{BINARY} is not there: cargo build --profile fast")
    home = tempfile.mkdtemp(prefix="quotient-terminal-")
    os.environ["TERMINAL_HOME"] = home
    try:
        first_frame()
        path = os.path.join(home, "busy.jsonl")
        journal(path)
        streaming(path)
        simulator()
    finally:
        shutil.rmtree(home)


if __name__ == "__main__":
    main()
