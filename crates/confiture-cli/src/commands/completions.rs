//! `confiture completions` and `confiture man`.

use clap::CommandFactory as _;

use super::print;
use crate::args::Args;
use crate::exit::ExitStatus;

/// Prints the completion script for `shell`.
pub(super) fn completions(shell: clap_complete::Shell) -> anyhow::Result<ExitStatus> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "confiture", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// Prints the manual page of every command, one after the other.
pub(super) fn man() -> anyhow::Result<ExitStatus> {
    let mut page = Vec::new();
    let mut command = Args::command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    for subcommand in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        clap_mangen::Man::new(subcommand.clone()).render(&mut page)?;
    }
    print(&String::from_utf8_lossy(&page))
}
