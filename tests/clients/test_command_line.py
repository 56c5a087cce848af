"""AWS's command line."""

import json
import tempfile
from pathlib import Path

from bodies import ASKED, FAMILIES
from harness import SONNET, Case, user


class CommandLine(Case):
    def test_converse(self):
        said = self.aws(
            "bedrock-runtime",
            "converse",
            "--model-id",
            SONNET,
            "--messages",
            json.dumps([user(ASKED)]),
            "--inference-config",
            "maxTokens=200,temperature=0.5",
        )
        reply = json.loads(said)
        self.assertEqual(reply["stopReason"], "end_turn")
        self.assertGreater(reply["usage"]["outputTokens"], 5)

    def test_invoke_model(self):
        [claude] = [family for family in FAMILIES if family.name == "Claude"]
        with tempfile.TemporaryDirectory() as folder:
            sent, got = Path(folder) / "body.json", Path(folder) / "reply.json"
            sent.write_text(json.dumps(claude.body), encoding="utf-8")
            told = self.aws("bedrock-runtime", "invoke-model", "--model-id", SONNET, "--body", f"fileb://{sent}", str(got))
            self.assertEqual(json.loads(told)["contentType"], "application/json")
            text, stop, _, _ = claude.read(json.loads(got.read_text(encoding="utf-8")))
        self.assertTrue(text)
        self.assertEqual(stop, "end_turn")

    def test_list_service_quotas(self):
        rows = json.loads(self.aws("service-quotas", "list-service-quotas", "--service-code", "bedrock"))["Quotas"]
        self.assertGreater(len(rows), 1000)
        [rpm] = [row["Value"] for row in rows if row["QuotaCode"] == "L-F406804E"]
        self.assertEqual(rpm, 150)

    def test_list_foundation_models(self):
        said = self.aws(
            "bedrock", "list-foundation-models", "--query", "modelSummaries[?providerName=='anthropic'].modelId"
        )
        self.assertIn(SONNET, json.loads(said))

    def test_what_is_refused_is_said(self):
        said = self.aws(
            "bedrock-runtime",
            "converse",
            "--model-id",
            "anthropic.claude-haiku-4-5-20251001-v1:0",
            "--messages",
            json.dumps([user(ASKED)]),
            succeeds=False,
        )
        self.assertIn("(ValidationException) when calling the Converse operation", said)
        said = self.aws("--no-sign-request", "bedrock", "list-foundation-models", succeeds=False)
        self.assertIn("MissingAuthenticationToken", said)
