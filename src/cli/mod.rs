//! Floor 4: the words of the command line; one file a subcommand.

pub mod arguments;
pub mod bench;
pub mod check;
pub mod dashboard;
pub mod desk;
pub mod dispatch;
pub mod doctor;
pub mod editor;
pub mod exit;
pub mod files;
pub mod fit;
pub mod init;
pub mod log;
pub mod look;
pub mod models;
pub mod output;
pub mod pages;
pub mod planning;
pub mod policy;
pub mod progress;
pub mod prompt;
pub mod quotas;
pub mod replay;
pub mod runs;
pub mod session;
pub mod signals;
pub mod simulate;
pub mod snippets;
pub mod trials;
pub mod weighing;

pub use dispatch::main;
