"""Converse, ConverseStream and CountTokens."""

import json

from botocore.exceptions import EventStreamError
from bodies import ASKED, FAMILIES
from harness import SONNET, Case, user

SONNET_46 = "anthropic.claude-sonnet-4-6"


class Converse(Case):
    def test_every_family_converses(self):
        for family in FAMILIES:
            with self.subTest(family.name):
                config = {"maxTokens": 300, "temperature": 0.2}
                reply = self.runtime.converse(modelId=family.model, messages=[user(ASKED)], inferenceConfig=config)
                message, usage = reply["output"]["message"], reply["usage"]
                self.assertEqual((message["role"], reply["stopReason"]), ("assistant", "end_turn"))
                text = "".join(block.get("text", "") for block in message["content"])
                self.assertGreater(len(text), 20)
                self.assertGreater(min(usage["inputTokens"], usage["outputTokens"]), 5)
                self.assertEqual(usage["totalTokens"], usage["inputTokens"] + usage["outputTokens"])
                self.assertGreaterEqual(reply["metrics"]["latencyMs"], 1)

    def test_everything_that_a_request_can_say_at_once(self):
        reply = self.runtime.converse(
            modelId=SONNET,
            system=[{"text": "You are brief. {{ 'Ünïcödé' }}"}],
            messages=[user("Hello"), {"role": "assistant", "content": [{"text": "Hi."}]}, user(ASKED)],
            inferenceConfig={"maxTokens": 200, "temperature": 0.5, "topP": 0.9, "stopSequences": ["###"]},
            additionalModelRequestFields={"top_k": 50},
            serviceTier={"type": "flex"},
        )
        self.assertEqual(reply["serviceTier"], {"type": "flex"})

    def test_max_tokens_and_stop_sequences_end_the_reply(self):
        def ask(**config):
            return self.runtime.converse(modelId=SONNET, messages=[user(ASKED)], inferenceConfig=config)

        cut = ask(maxTokens=3)
        self.assertEqual((cut["stopReason"], cut["usage"]["outputTokens"]), ("max_tokens", 3))
        whole = ask(maxTokens=300)["output"]["message"]["content"][0]["text"]
        # The replies of one request may differ, so the sequence is one that every sentence has.
        stopped = ask(maxTokens=300, stopSequences=[" "])
        self.assertEqual(stopped["stopReason"], "stop_sequence")
        self.assertLess(len(stopped["output"]["message"]["content"][0]["text"]), len(whole))

    def test_a_stream_comes_in_order_and_counts_at_its_end(self):
        reply = self.runtime.converse_stream(modelId=SONNET, messages=[user(ASKED)], inferenceConfig={"maxTokens": 300})
        events = list(reply["stream"])
        names = [name for event in events for name in event]
        self.assertEqual(names[0], "messageStart")
        self.assertEqual(names[-3:], ["contentBlockStop", "messageStop", "metadata"])
        self.assertEqual(set(names[1:-3]), {"contentBlockDelta"})
        text = "".join(event["contentBlockDelta"]["delta"]["text"] for event in events[1:-3])
        self.assertGreater(len(text), 20)
        self.assertEqual(events[-2]["messageStop"]["stopReason"], "end_turn")
        usage = events[-1]["metadata"]["usage"]
        self.assertEqual(usage["totalTokens"], usage["inputTokens"] + usage["outputTokens"])

    def test_reasoning_is_a_block_of_its_own(self):
        reply = self.runtime.converse(
            modelId="us.deepseek.r1-v1:0", messages=[user(ASKED)], inferenceConfig={"maxTokens": 800}
        )
        first, second = reply["output"]["message"]["content"]
        self.assertTrue(first["reasoningContent"]["reasoningText"]["text"])
        self.assertTrue(second["text"])

    def test_a_cache_point_is_written_once_and_read_then(self):
        # Bedrock caches no prefix below a model's minimum (1,024 tokens for this one).
        system = [{"text": "These are the rules of the house. " * 600}, {"cachePoint": {"type": "default"}}]

        def ask():
            return self.runtime.converse(
                modelId=SONNET_46, system=system, messages=[user(ASKED)], inferenceConfig={"maxTokens": 100}
            )["usage"]

        first, second = ask(), ask()
        self.assertGreater(first["cacheWriteInputTokens"], 1024)
        self.assertEqual(first["cacheReadInputTokens"], 0)
        self.assertEqual(second["cacheReadInputTokens"], first["cacheWriteInputTokens"])
        self.assertEqual(second["cacheWriteInputTokens"], 0)

    def test_count_tokens_says_what_converse_then_reports(self):
        messages = [user(ASKED)]
        counted = self.runtime.count_tokens(modelId=SONNET_46, input={"converse": {"messages": messages}})
        used = self.runtime.converse(modelId=SONNET_46, messages=messages, inferenceConfig={"maxTokens": 50})
        self.assertEqual(counted["inputTokens"], used["usage"]["inputTokens"])
        body = {
            "anthropic_version": "bedrock-2023-05-31",
            "max_tokens": 50,
            "messages": [{"role": "user", "content": ASKED}],
        }
        native = self.runtime.count_tokens(modelId=SONNET_46, input={"invokeModel": {"body": json.dumps(body)}})
        self.assertEqual(native["inputTokens"], counted["inputTokens"])
        # By its base id also where the model is called by a profile alone; never by the profile's id.
        base = "anthropic.claude-haiku-4-5-20251001-v1:0"
        self.runtime.count_tokens(modelId=base, input={"converse": {"messages": messages}})
        self.refused(
            "ValidationException",
            400,
            self.runtime.count_tokens,
            modelId=f"us.{base}",
            input={"converse": {"messages": messages}},
            exception=self.runtime.exceptions.ValidationException,
        )


class Broken(Case):
    scenario = "[faults.in_stream]\nthrottled = 1.0\n"

    def test_an_exception_inside_a_stream_reaches_the_client_as_one(self):
        reply = self.runtime.converse_stream(modelId=SONNET, messages=[user(ASKED)], inferenceConfig={"maxTokens": 300})
        with self.assertRaises(EventStreamError) as caught:
            list(reply["stream"])
        self.assertEqual(caught.exception.response["Error"]["Code"], "throttlingException")
