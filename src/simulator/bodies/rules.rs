//! Rules: what a native body may hold, and in whose words it is refused (source: Bedrock user guide,
//! `model-parameters-*`; texts: public issues).

use serde_json::{Map, Value};

use crate::simulator::problem::Problem;

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// In whose words a wrong body is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// Bedrock's own schema check: `Malformed input request: #/max_gen_len: …`.
    Schema,
    /// Anthropic's: `max_tokens: Field required`.
    Anthropic,
}

/// A parameter that is a number between two others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number {
    pub(super) key: &'static str,
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) whole: bool,
}

/// Stop sequences: their key, how many there may be, and whether a single text will do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stops {
    pub(super) key: &'static str,
    pub(super) most: usize,
    pub(super) single: bool,
}

/// A list of stop sequences.
pub(super) const fn stops(key: &'static str, most: usize) -> Stops {
    Stops { key, most, single: false }
}

/// A number with a point.
pub(super) const fn real(key: &'static str, from: f64, to: f64) -> Number {
    Number { key, from, to, whole: false }
}

/// A whole number.
pub(super) const fn whole(key: &'static str, from: u32, to: u32) -> Number {
    Number { key, from: from as f64, to: to as f64, whole: true }
}

/// What a value is in the words of JSON schema checkers.
pub(in crate::simulator) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "Null",
        Value::Bool(_) => "Boolean",
        Value::Number(number) if number.is_f64() => "BigDecimal",
        Value::Number(_) => "Integer",
        Value::String(_) => "String",
        Value::Array(_) => "JSONArray",
        Value::Object(_) => "JSONObject",
    }
}

impl Words {
    /// A place inside an object: `#/a/b` or `a.b`.
    pub(super) fn place(self, holder: &str, key: &str) -> String {
        match self {
            Self::Schema => format!("{holder}/{key}"),
            Self::Anthropic if holder == "#" => key.to_owned(),
            Self::Anthropic => format!("{holder}.{key}"),
        }
    }

    /// Refuses an object without a key.
    pub(super) fn required(self, object: &Object, keys: &[&str], holder: &str) -> Result<(), Problem> {
        let Some(key) = keys.iter().find(|key| !object.contains_key(**key)) else { return Ok(()) };
        Err(match self {
            Self::Schema => Problem::malformed(format!("{holder}: required key [{key}] not found")),
            Self::Anthropic => Problem::validation(format!("{}: Field required", self.place(holder, key))),
        })
    }

    /// Refuses an object with a key that is not known.
    pub(super) fn known(self, object: &Object, keys: &[&str], holder: &str) -> Result<(), Problem> {
        let Some(key) = object.keys().find(|key| !keys.contains(&key.as_str())) else { return Ok(()) };
        Err(match self {
            Self::Schema => Problem::extraneous(holder, key),
            Self::Anthropic => {
                Problem::validation(format!("{}: Extra inputs are not permitted", self.place(holder, key)))
            }
        })
    }

    /// Refuses a value of another kind.
    pub(super) fn mistyped(self, place: &str, expected: &str, found: &Value) -> Problem {
        match self {
            Self::Schema => Problem::malformed(format!("{place}: expected type: {expected}, found: {}", kind(found))),
            Self::Anthropic => {
                let expected = match expected {
                    "String" => "string",
                    "Integer" => "integer",
                    "Number" => "number",
                    "JSONArray" => "list",
                    _ => "dictionary",
                };
                Problem::validation(format!("{place}: Input should be a valid {expected}"))
            }
        }
    }

    /// A number inside its range.
    pub(super) fn number(self, object: &Object, rule: &Number, holder: &str) -> Result<Option<f64>, Problem> {
        let Some(value) = object.get(rule.key) else { return Ok(None) };
        let place = self.place(holder, rule.key);
        let expected = if rule.whole { "Integer" } else { "Number" };
        let number = value.as_f64().filter(|_| !rule.whole || value.is_i64() || value.is_u64());
        let number = number.ok_or_else(|| self.mistyped(&place, expected, value))?;
        let bound = match (number < rule.from, number > rule.to, self) {
            (false, false, _) => return Ok(Some(number)),
            (true, _, Self::Schema) => format!("{value} is not greater or equal to {}", rule.from),
            (_, _, Self::Schema) => format!("{value} is not less or equal to {}", rule.to),
            (true, _, Self::Anthropic) if rule.whole => format!("must be greater than or equal to {}", rule.from),
            (_, _, Self::Anthropic) => format!("range: {}..{}", rule.from, rule.to),
        };
        Err(match self {
            Self::Schema => Problem::malformed(format!("{place}: {bound}")),
            Self::Anthropic => Problem::validation(format!("{place}: {bound}")),
        })
    }

    /// A text that must be there.
    pub(super) fn text<'a>(self, object: &'a Object, key: &str, holder: &str) -> Result<&'a str, Problem> {
        self.required(object, &[key], holder)?;
        let value = &object[key];
        value.as_str().ok_or_else(|| self.mistyped(&self.place(holder, key), "String", value))
    }

    /// A list that must be there.
    pub(super) fn list<'a>(self, object: &'a Object, key: &str, holder: &str) -> Result<&'a [Value], Problem> {
        self.required(object, &[key], holder)?;
        let value = &object[key];
        let list = value.as_array().map(Vec::as_slice);
        list.ok_or_else(|| self.mistyped(&self.place(holder, key), "JSONArray", value))
    }

    /// An object.
    pub(super) fn object<'a>(self, value: &'a Value, place: &str) -> Result<&'a Object, Problem> {
        value.as_object().ok_or_else(|| self.mistyped(place, "JSONObject", value))
    }

    /// One of some words, where the key is there.
    pub(super) fn one_of(self, object: &Object, key: &str, words: &[&str], holder: &str) -> Result<(), Problem> {
        let Some(value) = object.get(key) else { return Ok(()) };
        if value.as_str().is_some_and(|word| words.contains(&word)) {
            return Ok(());
        }
        let place = self.place(holder, key);
        Err(match self {
            Self::Schema => Problem::malformed(format!("{place}: {value} is not a valid enum value")),
            Self::Anthropic => Problem::validation(format!("{place}: Input should be '{}'", words.join("' or '"))),
        })
    }

    /// Stop sequences: texts with something in them.
    pub(super) fn stops(self, object: &Object, rule: &Stops, holder: &str) -> Result<Vec<String>, Problem> {
        let Some(value) = object.get(rule.key) else { return Ok(Vec::new()) };
        let (place, most) = (self.place(holder, rule.key), rule.most);
        if let (Value::String(text), true) = (value, rule.single) {
            return Ok(vec![text.clone()]);
        }
        let list = value.as_array().ok_or_else(|| self.mistyped(&place, "JSONArray", value))?;
        if list.len() > most {
            return Err(Problem::malformed(format!(
                "{place}: expected maximum item count: {most}, found: {}",
                list.len()
            )));
        }
        let stop = |(at, value): (usize, &Value)| {
            let text = value.as_str().ok_or_else(|| self.mistyped(&format!("{place}/{at}"), "String", value))?;
            match self {
                Self::Anthropic if text.trim().is_empty() => {
                    Err(Problem::validation("stop_sequences: each stop sequence must contain non-whitespace"))
                }
                Self::Schema if text.is_empty() => {
                    Err(Problem::malformed(format!("{place}/{at}: expected minLength: 1, actual: 0")))
                }
                _ => Ok(text.to_owned()),
            }
        };
        list.iter().enumerate().map(stop).collect()
    }
}
