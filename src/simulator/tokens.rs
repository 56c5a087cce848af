//! Tokens: the simulator's own tokenizer, so that a client's estimate and the truth differ as they do on Bedrock.

/// The longest run of letters in one token.
const LETTERS: usize = 7;
/// The longest run of digits in one token.
const DIGITS: usize = 3;
/// What a turn takes beside its text.
const PER_TURN: u64 = 4;
/// What a conversation takes beside its turns.
const PER_CONVERSATION: u64 = 3;

/// The tokens of a text, in order; together they are the text, and cutting the text at one does not change those before.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, behind) = rest.split_at(first(rest));
        rest = behind;
        Some(piece)
    })
}

/// How many tokens a text has.
pub(super) fn count(text: &str) -> u64 {
    pieces(text).count() as u64
}

/// How many input tokens a conversation has.
pub(super) fn conversation<'a>(system: Option<&str>, turns: impl Iterator<Item = &'a str>) -> u64 {
    let system = system.map_or(0, |text| count(text) + PER_TURN);
    system + turns.map(|text| count(text) + PER_TURN).sum::<u64>() + PER_CONVERSATION
}

/// Bytes of the first token: blanks belong to what follows them, as in byte-pair vocabularies.
fn first(text: &str) -> usize {
    let blanks = text.len() - text.trim_start_matches([' ', '\t']).len();
    let body = &text[blanks..];
    let Some(head) = body.chars().next() else { return blanks };
    let run = |most: usize, belongs: fn(char) -> bool| {
        body.chars().take(most).take_while(|c| belongs(*c)).map(char::len_utf8).sum::<usize>()
    };
    let length = if letter(head) {
        run(LETTERS, letter)
    } else if head.is_ascii_digit() {
        run(DIGITS, |c| c.is_ascii_digit())
    } else if head == '\n' {
        run(usize::MAX, |c| c == '\n')
    } else {
        head.len_utf8()
    };
    blanks + length
}

/// Letters of scripts with words; an ideograph or a syllable is a token of its own.
fn letter(c: char) -> bool {
    c.is_alphabetic() && c < '\u{2e80}'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_numbers_and_signs() {
        let all = |text| pieces(text).collect::<Vec<_>>();
        assert_eq!(all("Amazon Bedrock, fully managed."), ["Amazon", " Bedrock", ",", " fully", " managed", "."]);
        assert_eq!(all("comprehensive 12345\n\n日本 "), ["compreh", "ensive", " 123", "45", "\n\n", "日", "本", " "]);
        assert_eq!(conversation(Some("Be brief."), ["Hello there"].into_iter()), 3 + 4 + 2 + 4 + 3);
    }

    #[test]
    fn pieces_are_the_text_and_stay_when_it_is_cut() {
        let text = "A well-structured reply:\n## Überschrift\n- 3,000 tokens\t\"a minute\"  — fine \u{202e}x";
        let all: Vec<_> = pieces(text).collect();
        assert_eq!(all.concat(), text);
        for n in 0..all.len() {
            assert_eq!(pieces(&all[..n].concat()).collect::<Vec<_>>(), &all[..n]);
        }
    }
}
