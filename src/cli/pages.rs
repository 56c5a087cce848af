//! `quotient completions` and `quotient man`: from the same table as the parser.

use clap::CommandFactory;
use color_eyre::Result;
use color_eyre::eyre::WrapErr;

use crate::cli::arguments::Arguments;
use crate::cli::exit::Exit;
use crate::cli::output;

/// Completions for a shell.
pub fn completions(shell: clap_complete::Shell) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "quotient", &mut script);
    output::answer(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}

/// The manual page: the program's, then one section a command.
pub fn man() -> Result<Exit> {
    let mut command = Arguments::command();
    command.build();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page).wrap_err("cannot render the manual page")?;
    for word in command.get_subcommands().filter(|word| word.get_name() != "help") {
        let man = clap_mangen::Man::new(word.clone());
        page.extend_from_slice(format!(".SH QUOTIENT {}\n", word.get_name().to_uppercase()).as_bytes());
        man.render_synopsis_section(&mut page).wrap_err("cannot render the manual page")?;
        man.render_description_section(&mut page).wrap_err("cannot render the manual page")?;
        man.render_options_section(&mut page).wrap_err("cannot render the manual page")?;
    }
    output::answer(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Done)
}
