//! The `confiture` binary.

fn main() -> std::process::ExitCode {
    confiture_cli::main()
}
