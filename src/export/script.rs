//! Script: which keys are pressed in an animation, and when.

use crate::tui::pressed::Pressed;

/// A key at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Press {
    /// When.
    pub at: At,
    /// Which.
    pub key: Pressed,
}

/// A moment of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// Before it begins.
    Start,
    /// When so many per cent of its time have passed.
    Percent(u8),
    /// After its end.
    End,
}

impl Press {
    /// Reads `start=r`, `40%=2`, `end=page down`.
    ///
    /// # Errors
    ///
    /// What was expected, where the text is none of these.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some((at, key)) = text.split_once('=') else {
            return Err("expected a moment and a key, such as 40%=2 or end=b".into());
        };
        let percent = |text: &str| text.strip_suffix('%')?.parse().ok().filter(|percent| *percent <= 100);
        let at = match at.trim() {
            "start" => At::Start,
            "end" => At::End,
            other => At::Percent(percent(other).ok_or("expected start, end or a percentage such as 40% before the =")?),
        };
        let key = Pressed::parse(key)
            .ok_or_else(|| format!("no key is named {key:?}: try a character, enter, esc, tab, down or ctrl-d"))?;
        Ok(Self { at, key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_keys() {
        let at = |text: &str| Press::parse(text).map(|press| (press.at, press.key.name));
        assert_eq!(at("start=r"), Ok((At::Start, "r".into())));
        assert_eq!(at("40%=2"), Ok((At::Percent(40), "2".into())));
        assert_eq!(at("end=="), Ok((At::End, "=".into())));
        for wrong in ["", "2", "40=2", "101%=2", "-1%=2", "end=", "end=nothing", "then=b"] {
            assert!(at(wrong).is_err(), "{wrong}");
        }
    }
}
