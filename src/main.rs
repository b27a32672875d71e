//! The `bbb` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    bbb_host::cli::main()
}
