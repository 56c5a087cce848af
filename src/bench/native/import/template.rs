//! Turns out of the prompts of one text: the template families, and those with speakers before each line.

use serde_json::{Map, Value};

use super::chat::{Chat, Said};
use super::{Desk, ImportError};
use crate::bench::family::NativeFormat;
use crate::bench::native::request;
use crate::bench::request::{Parameters, Request, Role, Turn};

/// Stands where a text goes while a template is taken apart: a code point that no text has.
const HERE: &str = "\u{FDD1}";
/// How many places are tried where the system prompt may end.
const MOST_ENDS: usize = 16;

/// A way to read a prompt: the system prompt and the turns.
type Reading = (Option<String>, Vec<Turn>);

/// Whose text follows a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speaker {
    System,
    Said(Role),
    Nobody,
}

/// A token of a template: who speaks behind it, and what stands between it and the text.
type Token = (&'static str, Speaker, &'static str);

const USER: Speaker = Speaker::Said(Role::User);
const ASSISTANT: Speaker = Speaker::Said(Role::Assistant);

const LLAMA3: &[Token] = &[
    ("<|begin_of_text|>", Speaker::Nobody, ""),
    ("<|start_header_id|>system<|end_header_id|>", Speaker::System, "\n\n"),
    ("<|start_header_id|>user<|end_header_id|>", USER, "\n\n"),
    ("<|start_header_id|>assistant<|end_header_id|>", ASSISTANT, "\n\n"),
    ("<|eot_id|>", Speaker::Nobody, ""),
];
const LLAMA4: &[Token] = &[
    ("<|begin_of_text|>", Speaker::Nobody, ""),
    ("<|header_start|>system<|header_end|>", Speaker::System, "\n\n"),
    ("<|header_start|>user<|header_end|>", USER, "\n\n"),
    ("<|header_start|>assistant<|header_end|>", ASSISTANT, "\n\n"),
    ("<|eot|>", Speaker::Nobody, ""),
];
const INSTRUCT: &[Token] =
    &[("<s>", Speaker::Nobody, ""), ("</s>", Speaker::Nobody, ""), ("[INST]", USER, " "), ("[/INST]", ASSISTANT, " ")];
const LLAMA2: &[Token] = &[
    ("<s>", Speaker::Nobody, ""),
    ("</s>", Speaker::Nobody, ""),
    ("[INST]", USER, " "),
    ("[/INST]", ASSISTANT, " "),
    ("<<SYS>>", Speaker::System, "\n"),
    ("<</SYS>>", USER, "\n\n"),
];
const DEEPSEEK: &[Token] = &[
    ("<｜begin▁of▁sentence｜>", Speaker::System, ""),
    ("<｜User｜>", USER, ""),
    ("<｜Assistant｜>", ASSISTANT, ""),
    ("<｜end▁of▁sentence｜>", Speaker::Nobody, ""),
];
const TITAN: &[Token] = &[("\nUser:", USER, " "), ("\nBot:", ASSISTANT, " ")];
const COHERE: &[Token] = &[("\nUser:", USER, " "), ("\nChatbot:", ASSISTANT, " ")];
const JURASSIC: &[Token] = &[("\nUser:", USER, " "), ("\nAssistant:", ASSISTANT, " ")];

/// The tokens of a family, and whether they stand only at the beginnings of lines.
fn tokens(format: NativeFormat) -> (&'static [Token], bool) {
    match format {
        NativeFormat::Llama2 => (LLAMA2, false),
        NativeFormat::Llama3 => (LLAMA3, false),
        NativeFormat::Llama4 => (LLAMA4, false),
        NativeFormat::MistralInstruct => (INSTRUCT, false),
        NativeFormat::DeepSeekR1 => (DEEPSEEK, false),
        NativeFormat::TitanText => (TITAN, true),
        NativeFormat::CohereCommand => (COHERE, true),
        NativeFormat::Jurassic => (JURASSIC, true),
        _ => (&[], false),
    }
}

/// Takes the prompt out of a body and reads its turns. Of several readings the one is taken that gives back the
/// same text; where there is none, what becomes of it is noted.
pub(super) fn read(
    format: NativeFormat,
    key: &'static str,
    body: &mut Map<String, Value>,
    desk: &mut Desk,
) -> Result<Chat, ImportError> {
    let Some(Value::String(text)) = body.shift_remove(key) else {
        return Err(desk.error(key, "must be a text"));
    };
    if text.trim().is_empty() {
        return Err(desk.error(key, "is blank; a prompt must say something"));
    }
    let mut readings: Vec<Reading> = spoken(format, &text).into_iter().collect();
    readings.extend(framed(format, &text));
    let (list, lines) = tokens(format);
    // Tokens in a prompt that is no whole template would come out inside another template.
    if lines || !list.iter().any(|(token, ..)| text.contains(token)) {
        readings.push((None, vec![Turn { role: Role::User, text: text.clone() }]));
    }
    let mut usable: Vec<Reading> = readings.into_iter().map(trimmed).filter(takes_turns).collect();
    let exact = usable.iter().position(|reading| written(format, key, reading) == text);
    let whole = exact.is_some();
    let (system, turns) = match exact {
        Some(index) => usable.swap_remove(index),
        None if usable.is_empty() => {
            let what = "does not follow the template of its family: system, user and assistant in turns, the \
                        assistant's answer still to come";
            return Err(desk.error(key, what));
        }
        None => usable.swap_remove(0),
    };
    if !whole {
        let sent = written(format, key, &(system.clone(), turns.clone()));
        let bare = |text: &str| text.split_whitespace().collect::<String>();
        desk.note(
            key,
            if bare(&sent) == bare(&text) {
                "comes out with other white space at the ends of its texts: the family's template, written exactly"
            } else {
                "is put into the family's template, as Bedrock's guide writes it"
            },
        );
    }
    let said = |role, text| Said { trimmed: true, ..Said::new(role, key, text) };
    Ok(Chat {
        system: system.map(|text| said(Role::User, text)),
        turns: turns.into_iter().map(|turn| said(turn.role, turn.text)).collect(),
    })
}

/// The prompt that a reading comes out as.
fn written(format: NativeFormat, key: &str, (system, turns): &Reading) -> String {
    let request =
        Request { system: system.clone(), turns: turns.clone(), parameters: Parameters::default(), cache_after: None };
    request::body(format, &request, false)[key].as_str().unwrap_or_default().to_owned()
}

/// A reading as rendered templates give it back.
fn trimmed((system, turns): Reading) -> Reading {
    let end = |text: &str| text.trim_end().to_owned();
    let turns = turns.into_iter().map(|turn| Turn { text: end(&turn.text), ..turn }).collect();
    (system.map(|text| end(&text)), turns)
}

fn takes_turns((_, turns): &Reading) -> bool {
    let expected = [Role::User, Role::Assistant].into_iter().cycle();
    turns.len() % 2 == 1 && turns.iter().zip(expected).all(|(turn, role)| turn.role == role && !turn.text.is_empty())
}

/// The texts between the tokens; `None` where one is nobody's, or the answer is begun.
fn spoken(format: NativeFormat, text: &str) -> Option<Reading> {
    let (tokens, lines) = tokens(format);
    let whole = if lines { format!("\n{text}") } else { text.to_owned() };
    let mut rest = whole.trim_end();
    if format == NativeFormat::DeepSeekR1 {
        rest = rest.strip_suffix("<think>").unwrap_or(rest).trim_end();
    }
    let (mut system, mut turns): Reading = (None, Vec::new());
    let (mut speaker, mut lead) = (Speaker::Nobody, "");
    loop {
        let next = tokens.iter().filter_map(|token| rest.find(token.0).map(|at| (at, token))).min_by_key(|(at, _)| *at);
        let segment = next.map_or(rest, |(at, _)| &rest[..at]);
        if !segment.trim().is_empty() {
            let own = segment.strip_prefix(lead).unwrap_or(segment.trim_start()).to_owned();
            match speaker {
                Speaker::System if system.is_none() && turns.is_empty() => system = Some(own),
                Speaker::Said(role) => turns.push(Turn { role, text: own }),
                Speaker::System | Speaker::Nobody => return None,
            }
        }
        let Some((at, (token, then, space))) = next else { break };
        (speaker, lead) = (*then, space);
        rest = &rest[at + token.len()..];
    }
    (speaker == ASSISTANT).then_some((system, turns))
}

/// The prompt as one turn in the family's template, behind a system prompt or without: tokens inside are text.
fn framed(format: NativeFormat, text: &str) -> Vec<Reading> {
    let one = |text: &str| vec![Turn { role: Role::User, text: text.to_owned() }];
    let frame = |system: Option<&str>| {
        let reading = (system.map(str::to_owned), one(HERE));
        let key = if format == NativeFormat::TitanText { "inputText" } else { "prompt" };
        written(format, key, &reading)
    };
    let mut readings = Vec::new();
    let with_system = match format {
        NativeFormat::Llama2 | NativeFormat::Llama3 | NativeFormat::Llama4 | NativeFormat::DeepSeekR1 => {
            Some(frame(Some(HERE)))
        }
        _ => None,
    };
    if let Some([head, between, tail]) = with_system.as_deref().and_then(parts::<3>)
        && let Some(inner) = text.strip_prefix(head).and_then(|text| text.strip_suffix(tail))
    {
        let ends = inner.match_indices(between).take(MOST_ENDS).filter(|(at, _)| *at > 0);
        readings.extend(ends.map(|(at, _)| (Some(inner[..at].to_owned()), one(&inner[at + between.len()..]))));
    }
    if let Some([head, tail]) = parts::<2>(&frame(None))
        && let Some(inner) = text.strip_prefix(head).and_then(|text| text.strip_suffix(tail))
    {
        readings.push((None, one(inner)));
    }
    readings
}

fn parts<const N: usize>(frame: &str) -> Option<[&str; N]> {
    frame.split(HERE).collect::<Vec<_>>().try_into().ok()
}
