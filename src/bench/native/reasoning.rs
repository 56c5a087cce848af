//! Reasoning left out: strips `<reasoning>…</reasoning>` and `<think>…</think>` from the head of a text that comes in pieces.

/// Opening and closing tags with which models put reasoning into their text.
const TAGS: [(&str, &str); 2] = [("<reasoning>", "</reasoning>"), ("<think>", "</think>")];

/// Whether a text can hold reasoning, and where in it the text begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begins {
    /// Text from the first byte on; nothing is stripped.
    Plain,
    /// Perhaps with an opening tag.
    Tagged,
    /// Inside reasoning that the prompt's template has opened with `<think>`.
    Thinking,
}

#[derive(Debug)]
enum State {
    /// Every byte is text.
    Text,
    /// Nothing but white space so far, perhaps after a block of reasoning; holds what may yet become a tag.
    Head { after_reasoning: bool, held: String },
    /// Within reasoning until this tag; holds what was read since the last piece without it.
    Inside(&'static str, String),
}

/// Takes pieces, gives text.
#[derive(Debug)]
pub(super) struct Stripper {
    state: State,
    /// Reasoning that only the template opened: it was text after all if nothing ever closes it.
    unopened: Option<String>,
}

impl Stripper {
    pub(super) fn new(begins: Begins) -> Self {
        match begins {
            Begins::Plain => Self { state: State::Text, unopened: None },
            Begins::Tagged => {
                Self { state: State::Head { after_reasoning: false, held: String::new() }, unopened: None }
            }
            Begins::Thinking => Self { state: State::Inside("</think>", String::new()), unopened: Some(String::new()) },
        }
    }

    /// The text that a piece adds.
    pub(super) fn push(&mut self, piece: &str) -> String {
        if let Some(unopened) = &mut self.unopened {
            unopened.push_str(piece);
        }
        let mut piece = piece.to_string();
        loop {
            match &mut self.state {
                State::Text => return piece,
                State::Head { after_reasoning, held } => {
                    held.push_str(&piece);
                    let head = held.trim_start();
                    if let Some((open, close)) = TAGS.iter().find(|(open, _)| head.starts_with(open)) {
                        piece = head[open.len()..].to_string();
                        self.state = State::Inside(close, String::new());
                    } else if TAGS.iter().any(|(open, _)| open.starts_with(head)) {
                        return String::new();
                    } else {
                        let text = if *after_reasoning { head } else { held.as_str() }.to_string();
                        self.state = State::Text;
                        return text;
                    }
                }
                State::Inside(close, held) => {
                    held.push_str(&piece);
                    let Some(at) = held.find(*close) else {
                        // Only the tail can still be the beginning of the closing tag.
                        let keep = held.len().saturating_sub(close.len());
                        let cut = (0..=keep).rev().find(|&i| held.is_char_boundary(i)).unwrap_or(0);
                        held.drain(..cut);
                        return String::new();
                    };
                    piece = held[at + close.len()..].to_string();
                    self.unopened = None;
                    self.state = State::Head { after_reasoning: true, held: String::new() };
                }
            }
        }
    }

    /// The text that is left when no more pieces come; `cut_off` says that `max_tokens` ended it.
    pub(super) fn finish(self, cut_off: bool) -> String {
        match (self.state, self.unopened) {
            (State::Head { after_reasoning: true, held }, _) => held.trim_start().to_string(),
            (State::Head { held, .. }, _) => held,
            // A whole answer that never closed what the template had opened did no reasoning.
            (State::Inside(..), Some(unopened)) if !cut_off => unopened.trim_start().to_string(),
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of a whole, however it is cut into two pieces.
    fn every_cut(begins: Begins, whole: &str, cut_off: bool) -> String {
        let mut seen: Option<String> = None;
        for cut in (0..=whole.len()).filter(|&i| whole.is_char_boundary(i)) {
            let mut stripper = Stripper::new(begins);
            let mut text = stripper.push(&whole[..cut]);
            text += &stripper.push(&whole[cut..]);
            text += &stripper.finish(cut_off);
            assert_eq!(*seen.get_or_insert_with(|| text.clone()), text, "cut at {cut}");
        }
        seen.unwrap_or_default()
    }

    #[test]
    fn reasoning_is_stripped_wherever_the_pieces_are_cut() {
        for (begins, whole, cut_off, text) in [
            (Begins::Tagged, "<reasoning>Hm – so.</reasoning>Yes.", false, "Yes."),
            (Begins::Tagged, "<reasoning>a</reasoning><reasoning>b</reasoning>\n\nYes.", false, "Yes."),
            (Begins::Tagged, "\n<think>\nhm\n</think>\n\nYes <b>", false, "Yes <b>"),
            (Begins::Tagged, "<reason it well>", false, "<reason it well>"),
            (Begins::Tagged, "  Yes.", false, "  Yes."),
            (Begins::Tagged, "<reas", false, "<reas"),
            (Begins::Tagged, "<reasoning>never ends", true, ""),
            (Begins::Tagged, "Say <reasoning>x</reasoning>", false, "Say <reasoning>x</reasoning>"),
            (Begins::Thinking, "Hm.\n</think>\n\nYes.", false, "Yes."),
            (Begins::Thinking, "Yes.", false, "Yes."),
            (Begins::Thinking, "Hm, the", true, ""),
            (Begins::Plain, " <think>x</think>y", false, " <think>x</think>y"),
        ] {
            assert_eq!(every_cut(begins, whole, cut_off), text, "{whole}");
        }
    }

    #[test]
    fn text_flows_as_soon_as_it_is_known_to_be_text() {
        let mut stripper = Stripper::new(Begins::Tagged);
        assert_eq!(stripper.push("<reasoning>hm</reas"), "");
        assert_eq!(stripper.push("oning>Ye"), "Ye");
        assert_eq!(stripper.push("s"), "s");
    }
}
