//! InvokeModel bodies by family, pure: request out, reply in.
