//! Floor 4: the words of the command line; one file a subcommand.
