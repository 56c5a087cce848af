//! Requests back in: a body that somebody sends already, in any shape that Bedrock takes, as a request.

mod chat;
mod parameters;
mod shape;
mod template;
mod wrapper;

use std::fmt;

use serde_json::{Map, Value};

use crate::bench::family::{self, NativeFormat};
use crate::bench::model::ModelId;
use crate::bench::plan::Api;
use crate::bench::request::{CacheAfter, Request, Role, Turn};
use chat::{Chat, Said};
use shape::Shape;

/// What was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The model: the one that was asked for, else the one that the body names.
    pub model: Option<String>,
    /// The API whose body it is; Converse too where the model is of another family than the body.
    pub api: Api,
    /// The request.
    pub request: Request,
    /// What was left out or comes out in another form, each in a sentence that begins with its place.
    pub notes: Vec<String>,
}

/// Why a body cannot become a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportError {
    /// Where, as a path into the JSON: `messages[0].content[1].image`; empty for the whole.
    pub place: String,
    /// What is wrong there, and what was expected.
    pub message: String,
}

impl ImportError {
    fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into() }
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.as_str() {
            "" => f.write_str(&self.message),
            place => write!(f, "`{place}`: {}", self.message),
        }
    }
}

impl std::error::Error for ImportError {}

/// The object that a path leads into, and what is said about it on the way.
#[derive(Debug, Default)]
struct Desk {
    /// What stands before every path: `body.` where the body is wrapped.
    inside: String,
    notes: Vec<String>,
}

impl Desk {
    fn path(&self, place: &str) -> String {
        format!("{}{place}", self.inside)
    }

    fn error(&self, place: &str, message: impl Into<String>) -> ImportError {
        ImportError::new(self.path(place), message)
    }

    fn note(&mut self, place: &str, message: &str) {
        let path = self.path(place);
        self.notes.push(format!("`{path}` {message}"));
    }
}

/// Whether a native body is one of the family of the model that it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Own,
    Another,
    /// Nobody can tell: an application inference profile, or a model of an unknown provider.
    Unknown,
}

/// Reads a request: a Converse body, an `InvokeModel` body of any family, either of them wrapped as the SDKs and
/// the AWS CLI take it (`modelId` beside it), or a line of Bedrock's model invocation log.
///
/// `model` goes before the model that the body names, and decides between shapes that look alike. What a request
/// cannot hold and what would change its meaning (images, tools, guardrails, a begun answer) is an error with its
/// place; what is harmless to leave out is a note. Texts lose the white space at their end, as rendered ones do.
pub fn import(input: &Value, model: Option<&str>) -> Result<Imported, ImportError> {
    let mut desk = Desk::default();
    let call = wrapper::open(input, &mut desk)?;
    let asked = model.map(str::to_owned);
    if let (Some(asked), Some(named)) = (&asked, &call.model)
        && asked != named
    {
        desk.notes.push(format!("the request is for {named}; the configuration is for {asked}"));
    }
    let model = asked.or(call.model);
    let family = model.as_deref().map(|id| ModelId::parse(id).family()).filter(|family| known(family));
    let mut body = call.body;
    let shape = shape::of(&body, family.map(|family| family.native), call.converse, call.beside, &desk)?;
    let streams = call.streams | stream(&mut body, &mut desk);
    let (mut request, own) = match shape {
        Shape::Converse => (converse(body, &mut desk)?, true),
        Shape::Native(format) => native(format, body, model.as_deref(), &mut desk)?,
    };
    if let Some(tier) = call.service_tier {
        request.parameters.service_tier = Some(tier);
    }
    if let Some(latency) = call.latency {
        request.parameters.latency = Some(latency);
    }
    let api = match (matches!(shape, Shape::Converse) || !own, streams) {
        (true, false) => Api::Converse,
        (true, true) => Api::ConverseStream,
        (false, false) => Api::Invoke,
        (false, true) => Api::InvokeStream,
    };
    Ok(Imported { model, api, request, notes: desk.notes })
}

fn known(family: &family::Family) -> bool {
    family.name != family::UNKNOWN.name
}

/// Takes the flags of streaming out of a body; which API is called says the same.
fn stream(body: &mut Map<String, Value>, desk: &mut Desk) -> bool {
    if let Some(options) = body.shift_remove("stream_options").filter(|options| !nothing(options)) {
        desk.note("stream_options", &format!("is left out ({options})"));
    }
    match body.shift_remove("stream") {
        Some(Value::Bool(true)) => {
            desk.note("stream", "is left out: `api` says it");
            true
        }
        _ => false,
    }
}

/// Whether a value says nothing: null, or an empty list or object.
fn nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// A Converse body.
fn converse(mut body: Map<String, Value>, desk: &mut Desk) -> Result<Request, ImportError> {
    let chat = chat::blocks(&mut body, desk)?;
    let parameters = parameters::of_converse(body, desk)?;
    finish(chat, parameters, desk)
}

/// An `InvokeModel` body, and whether it is one of this model's family.
fn native(
    format: NativeFormat,
    mut body: Map<String, Value>,
    model: Option<&str>,
    desk: &mut Desk,
) -> Result<(Request, bool), ImportError> {
    parameters::refuse(&body, desk)?;
    let chat = match format {
        NativeFormat::Claude | NativeFormat::Nova => chat::blocks(&mut body, desk)?,
        NativeFormat::Jamba | NativeFormat::OpenAiChat | NativeFormat::GptOss => chat::open_ai(&mut body, desk)?,
        NativeFormat::CohereCommandR => chat::command_r(&mut body, desk)?,
        NativeFormat::TitanText => template::read(format, "inputText", &mut body, desk)?,
        _ => template::read(format, "prompt", &mut body, desk)?,
    };
    let family = model.map(|id| ModelId::parse(id).family());
    let whose = match family {
        Some(family) if !known(family) => Whose::Unknown,
        Some(family) if family.native != format => Whose::Another,
        _ => Whose::Own,
    };
    if let (Some(model), true) = (model, whose != Whose::Own) {
        desk.notes.push(format!(
            "the body is not known to be of the shape that {model} takes, so `api` is Converse, which has one shape \
             for every model"
        ));
    }
    let parameters = parameters::of_native(format, body, whose, desk)?;
    Ok((finish(chat, parameters, desk)?, whose == Whose::Own))
}

/// Puts a request together from turns that take turns.
fn finish(chat: Chat, parameters: crate::bench::request::Parameters, desk: &mut Desk) -> Result<Request, ImportError> {
    let mut expected = Role::User;
    for said in &chat.turns {
        if said.role != expected {
            return Err(desk.error(&said.place, "the turns must go user, assistant, user, …; this one is out of turn"));
        }
        expected = if expected == Role::User { Role::Assistant } else { Role::User };
    }
    match chat.turns.last() {
        None => return Err(desk.error("messages", "there is no turn; a prompt must be there")),
        Some(last) if last.role == Role::Assistant => {
            let what = "the answer is begun here; a variant ends with the user's turn. Take the last message out";
            return Err(desk.error(&last.place, what));
        }
        Some(_) => {}
    }
    let cache_after = cache_after(&chat, desk);
    let system = chat.system.map(|said| text(said, desk)).transpose()?.filter(|text| !text.is_empty());
    let mut turns = Vec::with_capacity(chat.turns.len());
    for said in chat.turns {
        let (role, place) = (said.role, said.place.clone());
        let text = text(said, desk)?;
        if text.is_empty() {
            return Err(desk.error(&place, "is blank; each turn must say something"));
        }
        turns.push(Turn { role, text });
    }
    Ok(Request { system, turns, parameters, cache_after })
}

/// A text as a rendered template gives it back.
fn text(said: Said, desk: &mut Desk) -> Result<String, ImportError> {
    if said.text.contains(crate::bench::template::NOTHING) {
        return Err(desk.error(&said.place, "holds U+FDD0, which is no character; templates use it themselves"));
    }
    let kept = said.text.trim_end().len();
    let mut text = said.text;
    if kept < text.len() && !said.trimmed {
        desk.note(&said.place, "loses the white space at its end: rendered prompts have none");
    }
    text.truncate(kept);
    Ok(text)
}

/// Where the prompt cache ends: of several cache points the last that a variant can say.
fn cache_after(chat: &Chat, desk: &mut Desk) -> Option<CacheAfter> {
    let before_prompt = chat.turns.len().checked_sub(2).map(|index| &chat.turns[index]);
    let at_end = |said: Option<&Said>| said.is_some_and(|said| said.cached.contains(&true));
    let chosen = if at_end(before_prompt) {
        Some(CacheAfter::Messages)
    } else {
        at_end(chat.system.as_ref()).then_some(CacheAfter::System)
    };
    let everyone = chat.system.iter().chain(&chat.turns);
    let points: usize = everyone.clone().map(|said| said.cached.len()).sum();
    if points > usize::from(chosen.is_some()) {
        let places: Vec<String> =
            everyone.filter(|said| !said.cached.is_empty()).map(|said| desk.path(&said.place)).collect();
        let kept = match chosen {
            Some(CacheAfter::Messages) => "the one before the prompt is kept",
            Some(CacheAfter::System) => "the one after the system prompt is kept",
            None => "none is kept, so nothing is cached",
        };
        desk.notes.push(format!(
            "a variant has one cache point, after the system prompt or before the prompt; of those in `{}` {kept}",
            places.join("`, `")
        ));
    }
    chosen
}
