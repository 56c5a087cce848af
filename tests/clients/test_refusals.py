"""What Bedrock refuses, the simulator refuses: by the exception that botocore's model names."""

import json

from botocore import UNSIGNED
from bodies import ASKED, FAMILIES
from harness import SONNET, Case, user

BY_NAME = {family.name: family for family in FAMILIES}


class Refusals(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The service shall judge, not the client.
        cls.runtime = cls.client("bedrock-runtime", parameter_validation=False)

    def invalid(self, call, says="", **named):
        exception = self.runtime.exceptions.ValidationException
        self.refused("ValidationException", 400, call, exception=exception, says=says, **named)

    def invoke(self, model, body, says=""):
        for call in (self.runtime.invoke_model, self.runtime.invoke_model_with_response_stream):
            self.invalid(call, modelId=model, body=json.dumps(body), says=says)

    def converse(self, model=SONNET, says="", **named):
        for call in (self.runtime.converse, self.runtime.converse_stream):
            self.invalid(call, modelId=model, says=says, **{"messages": [user(ASKED)], **named})

    def test_a_system_role_that_leads_the_messages(self):
        led = [{"role": "system", "content": [{"text": "You are brief."}]}, user(ASKED)]
        self.converse(messages=led, says="system")
        self.converse(model="us.anthropic.claude-opus-4-8", messages=led, says="system")
        body = dict(BY_NAME["Claude"].body)
        body["messages"] = [{"role": "system", "content": "You are brief."}, *body["messages"]]
        self.invoke(SONNET, body, says="system")

    def test_a_body_of_another_family(self):
        # OpenAI-like chat bodies are alike and take unknown keys; every other pair must not fit.
        for family in FAMILIES:
            for other in FAMILIES:
                if set(other.body) & {"message", "messages", "prompt", "inputText"} & set(family.body):
                    continue
                with self.subTest(f"{other.name} to {family.name}"):
                    self.invoke(family.model, other.body)
        self.invoke(SONNET, BY_NAME["Nova"].body)
        self.invoke("amazon.nova-lite-v1:0", BY_NAME["Claude"].body)
        self.invoke("meta.llama3-1-8b-instruct-v1:0", BY_NAME["DeepSeek R1"].body)

    def test_a_body_that_is_no_json(self):
        call = self.runtime.invoke_model
        with self.assertRaises(self.runtime.exceptions.ClientError) as caught:
            call(modelId=SONNET, body=b"{not json")
        self.assertEqual(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], 400)

    def test_parameters_out_of_range(self):
        self.converse(inferenceConfig={"maxTokens": 100, "temperature": 1.5})
        self.converse(inferenceConfig={"maxTokens": 100, "topP": -0.1})
        self.converse(inferenceConfig={"maxTokens": 0})
        self.converse(inferenceConfig={"maxTokens": 10_000_000})
        for name, key, value in (
            ("Llama 3", "max_gen_len", 2049),
            ("Llama 2", "max_gen_len", 0),
            ("Cohere Command", "max_tokens", 4097),
            ("Jamba", "max_tokens", 4097),
        ):
            with self.subTest(name):
                family = BY_NAME[name]
                self.invoke(family.model, {**family.body, key: value})
        titan = BY_NAME["Titan"]
        self.invoke(titan.model, {**titan.body, "textGenerationConfig": {"maxTokenCount": 8193}})

    def test_a_claude_body_without_max_tokens(self):
        body = {key: value for key, value in BY_NAME["Claude"].body.items() if key != "max_tokens"}
        self.invoke(SONNET, body, says="max_tokens")

    def test_the_plain_id_of_a_model_that_has_profiles_alone(self):
        plain = "anthropic.claude-haiku-4-5-20251001-v1:0"
        self.converse(model=plain, says="on-demand throughput isn")
        self.invoke(plain, BY_NAME["Claude"].body, says="inference profile")
        self.runtime.converse(modelId=f"us.{plain}", messages=[user(ASKED)], inferenceConfig={"maxTokens": 50})

    def test_a_system_prompt_for_a_model_that_takes_none(self):
        self.converse(model="amazon.titan-text-express-v1", system=[{"text": "You are brief."}], says="system prompt")

    def test_turns_that_do_not_alternate_and_texts_that_are_blank(self):
        self.converse(messages=[user("a"), user("b")])
        self.converse(messages=[{"role": "assistant", "content": [{"text": "a"}]}])
        self.converse(messages=[user(" \n")], says="blank")
        self.converse(messages=[])

    def test_a_model_that_is_none(self):
        self.converse(model="nothing", says="model identifier is invalid")

    def test_unsigned_requests(self):
        runtime = self.client("bedrock-runtime", signature_version=UNSIGNED)
        code = "MissingAuthenticationTokenException"
        asked = {"modelId": SONNET, "messages": [user(ASKED)]}
        self.refused(code, 403, runtime.converse, **asked)
        self.refused(code, 403, runtime.converse_stream, **asked)
        body = json.dumps(BY_NAME["Claude"].body)
        self.refused(code, 403, runtime.invoke_model, modelId=SONNET, body=body)
        self.refused(code, 403, self.client("bedrock", signature_version=UNSIGNED).list_foundation_models)


class Denied(Case):
    scenario = 'denied = ["anthropic.*"]\nservice_quotas = "denied"\n'

    def test_a_model_without_access(self):
        self.refused(
            "AccessDeniedException",
            403,
            self.runtime.converse,
            modelId=SONNET,
            messages=[user(ASKED)],
            exception=self.runtime.exceptions.AccessDeniedException,
        )

    def test_quotas_without_permission(self):
        quotas = self.client("service-quotas")
        with self.assertRaises(quotas.exceptions.AccessDeniedException):
            quotas.list_service_quotas(ServiceCode="bedrock")


class Throttled(Case):
    scenario = f"""
[[quota]]
model = "{SONNET}"
rpm = 1
[[quota]]
model = "amazon.nova-lite-v1:0"
tpm = 300
"""

    def throttled(self, says, **asked):
        exception = self.runtime.exceptions.ThrottlingException
        error = self.refused("ThrottlingException", 429, self.runtime.converse, exception=exception, says=says, **asked)
        headers = error.response["ResponseMetadata"]["HTTPHeaders"]
        # Bedrock does not say when to come back.
        self.assertNotIn("retry-after", headers)
        self.assertIn("x-amzn-requestid", headers)

    def test_too_many_requests(self):
        asked = {"modelId": SONNET, "messages": [user(ASKED)], "inferenceConfig": {"maxTokens": 20}}
        self.runtime.converse(**asked)
        self.throttled("Too many requests", **asked)

    def test_a_reservation_beyond_the_quota(self):
        asked = {"modelId": "amazon.nova-lite-v1:0", "messages": [user(ASKED)]}
        self.throttled("Too many tokens", inferenceConfig={"maxTokens": 300}, **asked)
        self.runtime.converse(inferenceConfig={"maxTokens": 100}, **asked)
