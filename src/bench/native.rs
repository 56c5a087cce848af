//! Native bodies, pure: what a request looks like on the wire in each family's own shape, what a reply in that shape says, and a
//! request read back.

mod converse;
mod import;
mod parameters;
mod reasoning;
mod reply;
mod request;

pub use converse::{Spoken, converse_body, spoken, text};
pub use import::{ImportError, Imported, import};
pub use parameters::{departures, sent_max_tokens};
pub use reply::{NativeReply, NativeStream, reply};
pub use request::{body, invoke_body};
