//! Bodies: what the native `InvokeModel` bodies of each family ask for (source: Bedrock user guide, `model-parameters-*`).

mod chat;
mod rules;
mod shape;
mod template;

use serde_json::{Map, Value};

use crate::bench::model::ModelId;
use crate::bench::price;
use crate::simulator::ability;
pub(super) use crate::simulator::bodies::rules::kind;
use crate::simulator::bodies::rules::{Object, Words, whole};
use crate::simulator::bodies::shape::Shape;
use crate::simulator::problem::Problem;
use crate::simulator::prompt::Prompt;

/// How newer Claude models refuse two samplers at once.
pub(super) const ONE_SAMPLER: &str =
    "`temperature` and `top_p` cannot both be specified for this model. Please use only one.";

/// Reads a native body.
pub(super) fn parse(model: &ModelId, body: &Value) -> Result<Prompt, Problem> {
    let shape = shape::of(model.family().native);
    let Some(body) = body.as_object() else {
        return Err(Problem::malformed(format!("#: expected type: JSONObject, found: {}", kind(body))));
    };
    shape.words.required(body, shape.required, "#")?;
    shape.words.known(body, shape.keys, "#")?;
    for (key, words) in shape.words_of {
        shape.words.one_of(body, key, words, "#")?;
    }
    if let Some(stream) = body.get("stream").filter(|stream| !stream.is_boolean()) {
        return Err(shape.words.mistyped("#/stream", "Boolean", stream));
    }
    let mut prompt = (shape.read)(model, body)?;
    if prompt.turns.iter().all(|turn| turn.text.trim().is_empty()) {
        return Err(Problem::malformed("#: the prompt is empty"));
    }
    let nothing = Map::new();
    let (parameters, place) = match shape.inside {
        Some((key, keys)) => {
            let place = format!("#/{key}");
            let inner = body.get(key).map_or(Ok(&nothing), |value| shape.words.object(value, &place))?;
            shape.words.known(inner, keys, &place)?;
            (inner, place)
        }
        None => (body, "#".to_owned()),
    };
    numbers(&shape, parameters, &place)?;
    if ["temperature", "top_p"].into_iter().all(|key| parameters.contains_key(key)) && ability::takes_one_sampler(model)
    {
        return Err(Problem::validation(ONE_SAMPLER));
    }
    prompt.max_tokens = max_tokens(model, &shape, parameters, &place)?;
    if let Some(rule) = &shape.stop {
        prompt.stop = shape.words.stops(parameters, rule, &place)?;
    }
    Ok(prompt)
}

/// Refuses additional fields of a Converse request that the family's own body does not have, or not so.
pub(super) fn check_additional(model: &ModelId, fields: &Object) -> Result<(), Problem> {
    let shape = shape::of(model.family().native);
    let inner = shape.inside.map_or(&[][..], |(_, keys)| keys);
    let keys = [shape.keys, inner].concat();
    let checked = shape.words.known(fields, &keys, "#").and_then(|()| numbers(&shape, fields, "#"));
    checked.map_err(|problem| match shape.words {
        // Converse hands on what Anthropic says.
        Words::Anthropic => {
            Problem::validation(format!("The model returned the following errors: {}", problem.message))
        }
        Words::Schema => problem,
    })
}

fn numbers(shape: &Shape, parameters: &Object, place: &str) -> Result<(), Problem> {
    shape.numbers.iter().try_for_each(|rule| shape.words.number(parameters, rule, place).map(drop))
}

/// The most output tokens that a body asks for; at most what its schema allows, else the model's largest output.
fn max_tokens(model: &ModelId, shape: &Shape, parameters: &Object, place: &str) -> Result<Option<u32>, Problem> {
    let most = (shape.most)(model.base()).or_else(|| price::max_output(model));
    let mut found = None;
    for key in shape.max_tokens {
        // Anthropic words the upper end in another way than its other ranges.
        let top = most.filter(|_| shape.words == Words::Schema).unwrap_or(u32::MAX);
        let number = shape.words.number(parameters, &whole(key, 1, top), place)?;
        found = number.map(|number| number as u32).or(found);
    }
    if let (Words::Anthropic, Some(asked), Some(most)) = (shape.words, found, most)
        && asked > most
    {
        let named = model.base().trim_start_matches("anthropic.");
        return Err(Problem::validation(format!(
            "max_tokens: {asked} > {most}, which is the maximum allowed number of output tokens for {named}"
        )));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::bench::request::Role;
    use crate::simulator::bodies::template::turn;

    fn read(model: &str, body: &Value) -> Result<Prompt, Problem> {
        parse(&ModelId::parse(model), body)
    }

    #[test]
    fn every_familys_body_says_the_same() {
        let chat = json!({ "messages": [{ "role": "system", "content": "S" }, { "role": "user", "content": "U" }], "max_tokens": 9 });
        let claude = json!({
            "anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "system": "S",
            "messages": [{ "role": "user", "content": [{ "type": "text", "text": "U" }] }],
        });
        let nova = json!({
            "schemaVersion": "messages-v1", "system": [{ "text": "S" }], "inferenceConfig": { "maxTokens": 9 },
            "messages": [{ "role": "user", "content": [{ "text": "U" }] }],
        });
        let llama2 = "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nU [/INST]";
        let llama3 = "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|><|start_header_id|>user\
                      <|end_header_id|>\n\nU<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n";
        let llama4 = "<|begin_of_text|><|header_start|>system<|header_end|>\n\nS<|eot|><|header_start|>user\
                      <|header_end|>\n\nU<|eot|><|header_start|>assistant<|header_end|>\n\n";
        let r1 = "<｜begin▁of▁sentence｜>S<｜User｜>U<｜Assistant｜><think>\n";
        for (model, body) in [
            ("anthropic.claude-3-sonnet-20240229-v1:0", claude),
            ("amazon.nova-lite-v1:0", nova),
            ("meta.llama2-13b-chat-v1", json!({ "prompt": llama2, "max_gen_len": 9 })),
            ("meta.llama3-8b-instruct-v1:0", json!({ "prompt": llama3, "max_gen_len": 9 })),
            ("us.meta.llama4-scout-17b-instruct-v1:0", json!({ "prompt": llama4, "max_gen_len": 9 })),
            ("us.deepseek.r1-v1:0", json!({ "prompt": r1, "max_tokens": 9 })),
            ("cohere.command-r-v1:0", json!({ "message": "U", "preamble": "S", "max_tokens": 9 })),
            ("ai21.jamba-1-5-mini-v1:0", chat.clone()),
            ("qwen.qwen3-32b-v1:0", chat),
        ] {
            let prompt = read(model, &body).unwrap_or_else(|problem| panic!("{model}: {problem:?}"));
            assert_eq!(
                (prompt.system.as_deref(), prompt.question(), prompt.max_tokens),
                (Some("S"), "U", Some(9)),
                "{model}"
            );
            assert_eq!(prompt.turns.len(), 1, "{model}");
        }
        for (model, body) in [
            (
                "amazon.titan-text-express-v1",
                json!({ "inputText": "User: U\nBot:", "textGenerationConfig": { "maxTokenCount": 9 } }),
            ),
            ("cohere.command-text-v14", json!({ "prompt": "U", "max_tokens": 9 })),
            ("ai21.j2-mid-v1", json!({ "prompt": "U", "maxTokens": 9 })),
            ("mistral.mistral-7b-instruct-v0:2", json!({ "prompt": "<s>[INST] U [/INST]", "max_tokens": 9 })),
        ] {
            let prompt = read(model, &body).unwrap_or_else(|problem| panic!("{model}: {problem:?}"));
            assert_eq!(
                (prompt.system, prompt.turns, prompt.max_tokens),
                (None, vec![turn(Role::User, "U")], Some(9)),
                "{model}"
            );
        }
    }

    #[test]
    fn earlier_turns_are_kept_apart() {
        for (model, prompt) in [
            ("meta.llama2-13b-chat-v1", "<s>[INST] a [/INST] b </s><s>[INST] c [/INST]"),
            ("mistral.mistral-7b-instruct-v0:2", "<s>[INST] a [/INST] b</s>[INST] c [/INST]"),
            (
                "us.deepseek.r1-v1:0",
                "<｜User｜>a<｜Assistant｜>b<｜end▁of▁sentence｜><｜User｜>c<｜Assistant｜><think>\n",
            ),
        ] {
            let turns = read(model, &json!({ "prompt": prompt })).expect("right").turns;
            let texts: Vec<_> = turns.iter().map(|turn| turn.text.as_str()).collect();
            assert_eq!(texts, ["a", "b", "c"], "{model}");
        }
        let titan =
            read("amazon.titan-text-express-v1", &json!({ "inputText": "User: a\nmore\nBot: b\nUser: c\nBot:" }));
        let texts: Vec<_> = titan.expect("right").turns.into_iter().map(|turn| turn.text).collect();
        assert_eq!(texts, ["a\nmore", "b", "c"]);
    }

    #[test]
    fn what_bedrock_rejects_is_rejected() {
        const CLAUDE: &str = "anthropic.claude-3-sonnet-20240229-v1:0";
        const LLAMA: &str = "meta.llama3-8b-instruct-v1:0";
        let claude = |messages: Value| json!({ "anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": messages });
        let user = json!([{ "role": "user", "content": "U" }]);
        for (model, body, says) in [
            (
                CLAUDE,
                json!({ "anthropic_version": "bedrock-2023-05-31", "messages": user }),
                "max_tokens: Field required",
            ),
            (CLAUDE, json!({ "max_tokens": 1, "messages": user }), "anthropic_version: Field required"),
            (
                CLAUDE,
                claude(json!([{ "role": "system", "content": "S" }, { "role": "user", "content": "U" }])),
                "role 'system' is not supported",
            ),
            (CLAUDE, claude(json!([{ "role": "user", "content": " " }])), "must be non-empty"),
            (
                CLAUDE,
                claude(json!([{ "role": "assistant", "content": "A" }])),
                "first message must use the \"user\" role",
            ),
            (
                CLAUDE,
                json!({ "anthropic_version": "x", "max_tokens": 9, "messages": user, "maxTokens": 1 }),
                "maxTokens: Extra inputs are not permitted",
            ),
            (LLAMA, json!({ "prompt": "U", "max_tokens": 9 }), "extraneous key [max_tokens]"),
            (LLAMA, json!({ "prompt": "U", "max_gen_len": 4096 }), "#/max_gen_len: 4096 is not less or equal to 2048"),
            (LLAMA, json!({ "prompt": "U", "max_gen_len": 0 }), "not greater or equal to 1"),
            (LLAMA, json!({ "prompt": "  " }), "the prompt is empty"),
            (LLAMA, json!([]), "expected type: JSONObject"),
        ] {
            let problem = read(model, &body).expect_err(says);
            assert_eq!((problem.status, problem.code), (400, "ValidationException"));
            assert!(problem.message.contains(says), "{}", problem.message);
        }
    }
}
