//! Native bodies, pure: what a request looks like on the wire in each family's own shape, and what a reply in that shape says.

mod converse;
mod parameters;
mod reasoning;
mod reply;
mod request;

pub use converse::{converse_body, text};
pub use parameters::{departures, sent_max_tokens};
pub use reply::{NativeReply, NativeStream, reply};
pub use request::{body, invoke_body};
