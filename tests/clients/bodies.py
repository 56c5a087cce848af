"""Native bodies of each family, by hand from AWS's `model-parameters-*` pages, and how to read what comes back.

Each reader gives (text, stop, input tokens, output tokens); a count that the family's reply does not have is None.
"""

from dataclasses import dataclass
from typing import Any, Callable, Optional

ASKED = "Summarize the following text in one sentence.\n\nAmazon Bedrock offers foundation models through one API."
SYSTEM = "You are brief."


@dataclass
class Family:
    name: str
    model: str
    body: dict
    # Where the most output tokens stand in the body.
    limit: tuple
    read: Callable[[dict], tuple]
    # The text of a chunk of the stream, None where it carries none; and the stop word of a chunk.
    piece: Optional[Callable[[dict], Any]]
    stop: Optional[Callable[[dict], Any]]
    ended: str
    cut: str


def llama(reply):
    return reply["generation"], reply["stop_reason"], reply["prompt_token_count"], reply["generation_token_count"]


def titan(reply):
    [result] = reply["results"]
    return result["outputText"], result["completionReason"], reply["inputTextTokenCount"], result["tokenCount"]


def claude(reply):
    [block] = reply["content"]
    assert (reply["type"], reply["role"], block["type"]) == ("message", "assistant", "text"), reply
    return block["text"], reply["stop_reason"], reply["usage"]["input_tokens"], reply["usage"]["output_tokens"]


def nova(reply):
    [block] = reply["output"]["message"]["content"]
    usage = reply["usage"]
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"], reply
    return block["text"], reply["stopReason"], usage["inputTokens"], usage["outputTokens"]


def command(reply):
    [generation] = reply["generations"]
    return generation["text"], generation["finish_reason"], None, None


def command_r(reply):
    return reply["text"], reply["finish_reason"], None, None


def jurassic(reply):
    [completion] = reply["completions"]
    data = completion["data"]
    return data["text"], completion["finishReason"]["reason"], len(reply["prompt"]["tokens"]), len(data["tokens"])


def outputs(reply):
    [output] = reply["outputs"]
    return output["text"], output["stop_reason"], None, None


def completion(reply):
    [choice] = reply["choices"]
    return choice["text"], choice["stop_reason"], None, None


def chat(reply):
    [choice] = reply["choices"]
    usage = reply["usage"]
    assert choice["message"]["role"] == "assistant", reply
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"], reply
    return choice["message"]["content"], choice["finish_reason"], usage["prompt_tokens"], usage["completion_tokens"]


def dig(*path):
    """What stands at a path in a chunk, or None."""

    def found(chunk):
        for step in path:
            if isinstance(chunk, dict):
                chunk = chunk.get(step)
            elif isinstance(chunk, list) and isinstance(step, int) and step < len(chunk):
                chunk = chunk[step]
            else:
                return None
        return chunk

    return found


def messages(limit, **more):
    return {
        "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": ASKED}],
        limit: 400,
        "temperature": 0.2,
        "top_p": 0.9,
        **more,
    }


def chats(name, model, limit="max_tokens", **more):
    content, stop = dig("choices", 0, "delta", "content"), dig("choices", 0, "finish_reason")
    return Family(name, model, messages(limit, **more), (limit,), chat, content, stop, "stop", "length")


FAMILIES = [
    Family(
        "Claude",
        "anthropic.claude-3-sonnet-20240229-v1:0",
        {
            "anthropic_version": "bedrock-2023-05-31",
            "max_tokens": 400,
            "system": SYSTEM,
            "messages": [{"role": "user", "content": [{"type": "text", "text": ASKED}]}],
            "temperature": 0.2,
            "stop_sequences": ["###"],
        },
        ("max_tokens",),
        claude,
        dig("delta", "text"),
        dig("delta", "stop_reason"),
        "end_turn",
        "max_tokens",
    ),
    Family(
        "Llama 2",
        "meta.llama2-13b-chat-v1",
        {
            "prompt": f"<s>[INST] <<SYS>>\n{SYSTEM}\n<</SYS>>\n\n{ASKED} [/INST]",
            "max_gen_len": 400,
            "temperature": 0.2,
            "top_p": 0.9,
        },
        ("max_gen_len",),
        llama,
        dig("generation"),
        dig("stop_reason"),
        "stop",
        "length",
    ),
    Family(
        "Llama 3",
        "meta.llama3-1-8b-instruct-v1:0",
        {
            "prompt": "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n"
            f"{SYSTEM}<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n"
            f"{ASKED}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
            "max_gen_len": 400,
            "temperature": 0.2,
        },
        ("max_gen_len",),
        llama,
        dig("generation"),
        dig("stop_reason"),
        "stop",
        "length",
    ),
    Family(
        "Llama 4",
        "us.meta.llama4-scout-17b-instruct-v1:0",
        {
            "prompt": f"<|begin_of_text|><|header_start|>system<|header_end|>\n\n{SYSTEM}<|eot|>"
            f"<|header_start|>user<|header_end|>\n\n{ASKED}<|eot|><|header_start|>assistant<|header_end|>\n\n",
            "max_gen_len": 400,
        },
        ("max_gen_len",),
        llama,
        dig("generation"),
        dig("stop_reason"),
        "stop",
        "length",
    ),
    Family(
        "Titan",
        "amazon.titan-text-express-v1",
        {
            "inputText": f"User: {ASKED}\nBot:",
            "textGenerationConfig": {"maxTokenCount": 400, "temperature": 0.2, "topP": 0.9, "stopSequences": []},
        },
        ("textGenerationConfig", "maxTokenCount"),
        titan,
        dig("outputText"),
        dig("completionReason"),
        "FINISH",
        "LENGTH",
    ),
    Family(
        "Nova",
        "amazon.nova-lite-v1:0",
        {
            "schemaVersion": "messages-v1",
            "system": [{"text": SYSTEM}],
            "messages": [{"role": "user", "content": [{"text": ASKED}]}],
            "inferenceConfig": {"maxTokens": 400, "temperature": 0.2, "topP": 0.9, "topK": 20},
        },
        ("inferenceConfig", "maxTokens"),
        nova,
        dig("contentBlockDelta", "delta", "text"),
        dig("messageStop", "stopReason"),
        "end_turn",
        "max_tokens",
    ),
    Family(
        "Cohere Command",
        "cohere.command-text-v14",
        {"prompt": ASKED, "max_tokens": 400, "temperature": 0.2, "p": 0.9, "k": 0},
        ("max_tokens",),
        command,
        dig("text"),
        dig("finish_reason"),
        "COMPLETE",
        "MAX_TOKENS",
    ),
    Family(
        "Command R",
        "cohere.command-r-v1:0",
        {
            "message": ASKED,
            "chat_history": [
                {"role": "USER", "message": "Are you there?"},
                {"role": "CHATBOT", "message": "Yes."},
            ],
            "preamble": SYSTEM,
            "max_tokens": 400,
            "temperature": 0.2,
            "p": 0.9,
            "k": 0,
        },
        ("max_tokens",),
        command_r,
        dig("text"),
        dig("finish_reason"),
        "COMPLETE",
        "MAX_TOKENS",
    ),
    Family(
        "Jurassic-2",
        "ai21.j2-mid-v1",
        {"prompt": ASKED, "maxTokens": 400, "temperature": 0.2, "topP": 0.9, "stopSequences": ["##"]},
        ("maxTokens",),
        jurassic,
        None,
        None,
        "endoftext",
        "length",
    ),
    chats("Jamba", "ai21.jamba-1-5-mini-v1:0", n=1),
    Family(
        "Mistral instruct",
        "mistral.mistral-7b-instruct-v0:2",
        {
            "prompt": f"<s>[INST] {SYSTEM}\n\n{ASKED} [/INST]",
            "max_tokens": 400,
            "temperature": 0.2,
            "top_p": 0.9,
            "top_k": 50,
            "stop": ["###"],
        },
        ("max_tokens",),
        outputs,
        dig("outputs", 0, "text"),
        dig("outputs", 0, "stop_reason"),
        "stop",
        "length",
    ),
    chats("Mistral chat", "mistral.mistral-large-2407-v1:0"),
    Family(
        "DeepSeek R1",
        "us.deepseek.r1-v1:0",
        {
            "prompt": f"<｜begin▁of▁sentence｜>{SYSTEM}<｜User｜>{ASKED}<｜Assistant｜><think>\n",
            "max_tokens": 400,
            "temperature": 0.2,
            "top_p": 0.9,
            "stop": ["###"],
        },
        ("max_tokens",),
        completion,
        dig("choices", 0, "text"),
        dig("choices", 0, "stop_reason"),
        "stop",
        "length",
    ),
    chats("DeepSeek V3", "deepseek.v3-v1:0"),
    chats("gpt-oss", "openai.gpt-oss-120b-1:0", "max_completion_tokens", stream=False),
    chats("Qwen", "qwen.qwen3-32b-v1:0"),
    chats("Writer", "us.writer.palmyra-x5-v1:0"),
]
