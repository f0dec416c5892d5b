//! The `confiture` binary under another name, so that tests of whole processes find it.

fn main() -> std::process::ExitCode {
    confiture_cli::main()
}
