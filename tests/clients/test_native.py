"""InvokeModel of every native family, with bodies that quotient did not write."""

import copy
import json

from bodies import FAMILIES
from harness import Case


def header(reply, name):
    return reply["ResponseMetadata"]["HTTPHeaders"].get(f"x-amzn-bedrock-{name}")


def cut_short(family):
    """The body with room for three tokens."""
    body = copy.deepcopy(family.body)
    place = body
    for key in family.limit[:-1]:
        place = place[key]
    place[family.limit[-1]] = 3
    return body


class Native(Case):
    def invoke(self, family, body):
        reply = self.runtime.invoke_model(modelId=family.model, body=json.dumps(body), contentType="application/json")
        self.assertEqual(reply["contentType"], "application/json")
        return reply, family.read(json.loads(reply["body"].read()))

    def stream(self, family, body):
        body = json.dumps({**body, "stream": True} if family.name == "Cohere Command" else body)
        reply = self.runtime.invoke_model_with_response_stream(modelId=family.model, body=body)
        return [json.loads(event["chunk"]["bytes"]) for event in reply["body"]]

    def test_every_family_answers_and_counts_in_headers_and_body_alike(self):
        for family in FAMILIES:
            with self.subTest(family.name):
                reply, (text, stop, input_tokens, output_tokens) = self.invoke(family, family.body)
                self.assertGreater(len(text.strip()), 20)
                self.assertEqual(stop, family.ended)
                counted = [int(header(reply, name)) for name in ("input-token-count", "output-token-count")]
                self.assertGreater(min(counted), 5)
                self.assertGreaterEqual(int(header(reply, "invocation-latency")), 1)
                for said, told in zip((input_tokens, output_tokens), counted):
                    self.assertIn(said, (None, told))

    def test_every_family_stops_at_its_own_limit_of_tokens(self):
        for family in FAMILIES:
            with self.subTest(family.name):
                reply, (_, stop, _, _) = self.invoke(family, cut_short(family))
                self.assertEqual((stop, header(reply, "output-token-count")), (family.cut, "3"))

    def test_every_family_streams_and_the_last_chunk_counts(self):
        for family in FAMILIES:
            if family.piece is None:
                continue
            with self.subTest(family.name):
                chunks = self.stream(family, family.body)
                self.assertGreater(len(chunks), 2)
                text = "".join(family.piece(chunk) or "" for chunk in chunks)
                self.assertGreater(len(text.strip()), 20)
                self.assertEqual([stop for stop in map(family.stop, chunks) if stop], [family.ended])
                metrics = [chunk.get("amazon-bedrock-invocationMetrics") for chunk in chunks]
                self.assertEqual(metrics[:-1], [None] * (len(chunks) - 1))
                last = metrics[-1]
                self.assertLessEqual(last["firstByteLatency"], last["invocationLatency"])
                reply, _ = self.invoke(family, family.body)
                self.assertEqual(str(last["inputTokenCount"]), header(reply, "input-token-count"))
                self.assertGreater(last["outputTokenCount"], 5)

    def test_a_stream_that_is_cut_off_says_so(self):
        for family in FAMILIES:
            if family.piece is None:
                continue
            with self.subTest(family.name):
                chunks = self.stream(family, cut_short(family))
                self.assertEqual([stop for stop in map(family.stop, chunks) if stop], [family.cut])
                self.assertEqual(chunks[-1]["amazon-bedrock-invocationMetrics"]["outputTokenCount"], 3)

    def test_reasoning_is_marked_as_the_family_marks_it(self):
        by_name = {family.name: family for family in FAMILIES}
        _, (text, *_) = self.invoke(by_name["gpt-oss"], by_name["gpt-oss"].body)
        self.assertRegex(text, r"(?s)^<reasoning>.+</reasoning>.+")
        _, (text, *_) = self.invoke(by_name["DeepSeek R1"], by_name["DeepSeek R1"].body)
        self.assertRegex(text, r"(?s)^[^<].*</think>.+")

    def test_jurassic_cannot_be_streamed(self):
        [family] = [family for family in FAMILIES if family.name == "Jurassic-2"]
        self.refused("ValidationException", 400, self.stream, family, family.body, says="streaming")
