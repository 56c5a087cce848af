//! Templates: the turns inside a prompt that is one text, by each family's marks (source: `model-parameters-*`).

use crate::bench::request::{Role, Turn};
use crate::simulator::prompt::Prompt;

/// A turn without the blanks around it.
pub(super) fn turn(role: Role, text: &str) -> Turn {
    Turn { role, text: text.trim().to_owned() }
}

/// A prompt of one user turn.
pub(super) fn bare(text: &str) -> Prompt {
    Prompt::new(None, vec![turn(Role::User, text)])
}

/// Llama 3's and 4's template; a prompt that does not follow it is the user's turn as it is.
pub(super) fn headed(text: &str, start: &str, end: &str, over: &str) -> Prompt {
    let (mut system, mut turns) = (None, Vec::new());
    for part in text.split(start).skip(1) {
        let Some((role, said)) = part.split_once(end) else { continue };
        let said = said.split(over).next().unwrap_or_default().trim();
        match role.trim() {
            "system" => system = Some(said.to_owned()),
            "user" => turns.push(turn(Role::User, said)),
            // The assistant's empty header at the end asks for the reply.
            "assistant" if !said.is_empty() => turns.push(turn(Role::Assistant, said)),
            _ => {}
        }
    }
    if turns.is_empty() { bare(text) } else { Prompt::new(system, turns) }
}

/// Llama 2's and Mistral's template: `[INST] <<SYS>> … <</SYS>> … [/INST]`.
pub(super) fn instructed(text: &str) -> Prompt {
    let (mut system, mut turns) = (None, Vec::new());
    for part in text.split("[INST]").skip(1) {
        let (mut asked, said) = part.split_once("[/INST]").unwrap_or((part, ""));
        if let Some((before, behind)) = asked.split_once("<</SYS>>") {
            system = Some(before.trim().trim_start_matches("<<SYS>>").trim().to_owned());
            asked = behind;
        }
        turns.push(turn(Role::User, asked));
        let said = said.replace("</s>", "").replace("<s>", "");
        if !said.trim().is_empty() {
            turns.push(turn(Role::Assistant, &said));
        }
    }
    if turns.is_empty() { bare(text) } else { Prompt::new(system, turns) }
}

/// Titan's frame: `User: …` and `Bot: …` at the beginning of lines.
pub(super) fn framed(text: &str) -> Prompt {
    let mut turns: Vec<Turn> = Vec::new();
    for line in text.lines() {
        if let Some(said) = line.strip_prefix("User:") {
            turns.push(turn(Role::User, said));
        } else if let Some(said) = line.strip_prefix("Bot:") {
            turns.push(turn(Role::Assistant, said));
        } else if let Some(last) = turns.last_mut() {
            last.text = format!("{}\n{line}", last.text);
        }
    }
    turns.retain(|turn| !turn.text.trim().is_empty());
    if turns.is_empty() { bare(text) } else { Prompt::new(None, turns) }
}

/// `DeepSeek` R1's template with its full-width bars; what stands before the first turn is the system prompt.
pub(super) fn deepseek(text: &str) -> Prompt {
    const USER: &str = "<｜User｜>";
    let text = text.trim_start_matches("<｜begin▁of▁sentence｜>");
    let Some((system, _)) = text.split_once(USER) else { return bare(text) };
    let mut turns = Vec::new();
    for part in text.split(USER).skip(1) {
        let (asked, said) = part.split_once("<｜Assistant｜>").unwrap_or((part, ""));
        turns.push(turn(Role::User, asked));
        let said = said.replace("<｜end▁of▁sentence｜>", "").replace("<think>", "");
        if !said.trim().is_empty() {
            turns.push(turn(Role::Assistant, &said));
        }
    }
    Prompt::new(Some(system.trim().to_owned()), turns)
}
