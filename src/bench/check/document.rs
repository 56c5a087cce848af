//! Answers that are JSON documents, and the schemas that they are held against.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::Value;

use super::text::{quoted, shown};

/// The largest that a compiled pattern of a schema may be, in bytes.
const LARGEST_PATTERN: usize = 4 << 20;
/// How much of a reason is shown, in characters.
const MOST_SHOWN: usize = 80;

/// The document that an answer is: the whole of it, or the whole of one Markdown code fence around all of it.
pub(super) fn document(answer: &str) -> Result<Value, String> {
    let text = answer.trim_start_matches('\u{FEFF}').trim();
    let text = unfenced(text).unwrap_or(text);
    serde_json::from_str(text).map_err(|error| match text.find(['{', '[']) {
        Some(at) if at > 0 && error.line() == 1 && error.column() <= 2 => "other text stands before the JSON".into(),
        _ => format!("no JSON: {}", shown(&error.to_string(), MOST_SHOWN)),
    })
}

/// What a code fence without a language, or with `json`, holds.
fn unfenced(text: &str) -> Option<&str> {
    let (language, inside) = text.strip_prefix("```")?.strip_suffix("```")?.split_once('\n')?;
    let language = language.trim();
    (language.is_empty() || language.eq_ignore_ascii_case("json")).then_some(inside)
}

/// A schema ready for use. Nothing is fetched for it, and its patterns are matched in linear time. `Err` says what is
/// wrong with it.
pub(super) fn schema(schema: &Value) -> Result<Validator, String> {
    let patterns = PatternOptions::regex().size_limit(LARGEST_PATTERN);
    let built = jsonschema::options().offline().with_pattern_options(patterns).build(schema);
    built.map_err(|error| {
        let error = innermost(&error);
        let why = match error.kind() {
            ValidationErrorKind::Format { format } if format == "regex" => {
                let pattern = error.instance().as_str().unwrap_or_default();
                format!("{} is no regular expression; look-around and back references are none here", quoted(pattern))
            }
            ValidationErrorKind::Referencing(why) => {
                match why.to_string().split_once(" is not present in a registry") {
                    Some((what, _)) => {
                        format!("{} is not in the schema, and nothing is fetched", shown(what, MOST_SHOWN))
                    }
                    None => shown(&why.to_string(), MOST_SHOWN),
                }
            }
            _ => shown(&error.to_string(), MOST_SHOWN),
        };
        let at = error.instance_path().as_str();
        if at.is_empty() { why } else { format!("{}: {why}", shown(at, MOST_SHOWN)) }
    })
}

/// Of alternatives none of which holds, what the first one says: a schema's own schema puts the usual one first.
fn innermost<'a, 'b>(error: &'b ValidationError<'a>) -> &'b ValidationError<'a> {
    match error.kind() {
        ValidationErrorKind::AnyOf { context } => {
            context.first().and_then(|first| first.first()).map_or(error, innermost)
        }
        _ => error,
    }
}

/// Whether a document holds what a schema asks; `Err` says where it does not.
pub(super) fn holds(validator: &Validator, document: &Value) -> Result<(), String> {
    validator.validate(document).map_err(|error| {
        let at = error.instance_path().as_str();
        let at = if at.is_empty() { "the document".into() } else { shown(at, MOST_SHOWN / 2) };
        format!("{at}: {}", shown(&error.masked().to_string(), MOST_SHOWN))
    })
}
