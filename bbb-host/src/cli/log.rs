//! What is logged, and how: lines for people, or a JSON object a line.

use std::io;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::SystemTime;

use crate::fault::Fault;

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Human,
    Json,
}

impl Format {
    fn read(text: &str) -> Result<Format, Fault> {
        match text.trim() {
            "" | "human" => Ok(Format::Human),
            "json" => Ok(Format::Json),
            other => Err(Fault::usage(format!("BBB_LOG_FORMAT is {other}: it is human or json"))),
        }
    }
}

/// Logs to standard error what `BBB_LOG` asks for: of a daemon, where that says nothing, who asked for what, and with the time (UTC). The actor library's own log tells nothing that the
/// journal does not.
pub(super) fn start(is_daemon: bool) -> Result<(), Fault> {
    let variable = |name| std::env::var(name).unwrap_or_default();
    let (wanted, format) = (variable("BBB_LOG"), Format::read(&variable("BBB_LOG_FORMAT"))?);
    let wanted = match wanted.trim() {
        "" if is_daemon => "info",
        "" => "warn",
        wanted => wanted,
    };
    let filter = EnvFilter::try_new(format!("{wanted},ractor=off")).map_err(|error| Fault::usage(format!("BBB_LOG: {error}")))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
    // It was started before only where `main` is called twice in one process, and then it goes on.
    drop(match (format, is_daemon) {
        (Format::Json, _) => log.with_timer(SystemTime).json().flatten_event(true).try_init(),
        (Format::Human, true) => log.with_timer(SystemTime).with_ansi(false).try_init(),
        (Format::Human, false) => log.without_time().try_init(),
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_for_people_or_json_and_nothing_else() {
        assert_eq!((Format::read(""), Format::read(" json ")), (Ok(Format::Human), Ok(Format::Json)));
        assert!(Format::read("xml").is_err_and(|fault| fault.message.contains("xml")));
    }
}
