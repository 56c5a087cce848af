"""The simulator as a process of its own, and AWS's clients for it."""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = "us-east-1"
SONNET = "anthropic.claude-3-sonnet-20240229-v1:0"
# Nothing waits longer than this for the simulator, in seconds.
PATIENCE = 60
# Answers at once; every other value is the simulator's own default.
AT_ONCE = """
[[tempo]]
model = "*"
ttft_ms = 5
tokens_per_second = 20000
"""


def environment(url=None):
    """An environment that reaches neither AWS, nor a proxy, nor the user's files."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith("AWS_") and not name.lower().endswith("_proxy")
    }
    clean.update(
        AWS_ACCESS_KEY_ID="placeholder",
        AWS_SECRET_ACCESS_KEY="placeholder",
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
        AWS_DEFAULT_REGION=REGION,
        AWS_MAX_ATTEMPTS="1",
        NO_PROXY="127.0.0.1",
        PYTHONUTF8="1",
    )
    if url:
        clean["AWS_ENDPOINT_URL"] = url
    return clean


class Simulator:
    """`quotient simulate` on a free port; it ends with `stop`, whatever happened."""

    def __init__(self, scenario):
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "scenario.toml"
        path.write_text(scenario, encoding="utf-8")
        command = [os.environ["QUOTIENT"], "simulate", "--listen", "127.0.0.1:0", "--scenario", str(path)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            # Ends, too, where the program ends; the whole run is bounded by `__main__`.
            said = self.process.stdout.readline()
            self.url = re.search(r"http://127\.0\.0\.1:\d+", said).group(0)
        except BaseException:
            self.stop()
            raise

    def stop(self):
        self.process.kill()
        self.process.wait(PATIENCE)
        self.process.stdout.close()
        self.process.stderr.close()
        self.folder.cleanup()


class Case(unittest.TestCase):
    """Tests that share a simulator."""

    scenario = ""
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.simulator = Simulator(cls.scenario + AT_ONCE)
        cls.addClassCleanup(cls.simulator.stop)
        cls.runtime = cls.client("bedrock-runtime")

    @classmethod
    def client(cls, service, region=REGION, **config):
        client = boto3.client(
            service,
            endpoint_url=cls.simulator.url,
            region_name=region,
            aws_access_key_id="placeholder",
            aws_secret_access_key="placeholder",
            config=Config(
                connect_timeout=PATIENCE,
                read_timeout=PATIENCE,
                retries={"total_max_attempts": 1, "mode": "standard"},
                proxies={},
                **config,
            ),
        )
        cls.addClassCleanup(client.close)
        return client

    def refused(self, code, status, call, *arguments, exception=None, says="", **named):
        """Checks that a call is refused with this code, HTTP status and, where it is modelled, this class."""
        with self.assertRaises(exception or ClientError) as caught:
            call(*arguments, **named)
        error = caught.exception.response
        found = (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"])
        self.assertEqual(found, (code, status), error["Error"]["Message"])
        self.assertIn(says, error["Error"]["Message"])
        return caught.exception

    def aws(self, *arguments, succeeds=True):
        """AWS's command line; gives what it printed, or its error."""
        ran = subprocess.run(
            [sys.executable, "-m", "awscli", "--region", REGION, "--output", "json", *arguments],
            env=environment(self.simulator.url),
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
        )
        self.assertEqual(ran.returncode == 0, succeeds, ran.stdout + ran.stderr)
        return ran.stdout if succeeds else ran.stderr


def user(text):
    return {"role": "user", "content": [{"text": text}]}
