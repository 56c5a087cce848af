//! The configurations that come with the program.

/// What `quotient init` writes: every key, commented.
pub const STARTER: &str = include_str!("starter.toml");

/// The shipped `variants.toml`, used where there is none in the current directory.
pub const BUILT_IN: &str = include_str!("../../variants.toml");

/// What errors call [`BUILT_IN`].
pub const BUILT_IN_NAME: &str = "built-in variants.toml";
