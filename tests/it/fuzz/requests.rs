//! Lines of the control socket: read, or refused with the place in the line.

use bbb::host::control::{Request, VERSION};
use bbb::host::fault::Kind;

use super::{Answer, Target};

const TOKENS: [&str; 34] = [
    "{\"version\":1,\"ask\":",
    "\"version\"",
    "\"ask\"",
    "\"list\"",
    "{\"state\":",
    "\"biz_0123456789abcdef\"",
    "\"biz_\"",
    "{\"command\":{\"business\":\"biz_0123456789abcdef\",\"command\":",
    "{\"approve\":1}",
    "{\"veto\":[1,\"no\"]}",
    "{\"resolve_doubt\":[4294967295,true]}",
    "{\"answer_as\":{\"name\":\"Grace\",\"proposal\":1,\"approve\":true,\"reason\":\"\"}}",
    "{\"delegate\":[\"Grace\",null]}",
    "{\"set_autonomy\":[null,6]}",
    "{\"set_charter\":\"\"}",
    "\"prop_1\"",
    "{\"pause\":\"x\"}",
    "\"stop\"",
    "{\"tell_of\":",
    "\"who\":\"ada@example.com\"",
    "\"news\":\"unsubscribed\"",
    "\"\\ud800\"",
    "\"\\u0000\"",
    "null",
    "true",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "\n",
    "\u{feff}",
    " ",
];

fn answer(input: &[u8]) -> Answer {
    match Request::read(input) {
        Ok(ask) => {
            let line = |ask| serde_json::to_vec(&Request { version: VERSION, ask }).unwrap();
            let written = line(ask);
            let again = Request::read(&written).unwrap_or_else(|fault| panic!("{fault}"));
            assert_eq!(line(again), written, "what was read is what a client would have written");
            Ok(String::new())
        }
        Err(fault) => {
            let has_place = match fault.kind {
                Kind::Usage => fault.message.contains("column ") || fault.message.contains("over the limit"),
                Kind::Refused => fault.message.contains("version"),
                _ => false,
            };
            assert!(has_place, "{fault:?}");
            Err(fault.message)
        }
    }
}

#[test]
fn any_line_of_the_socket_is_read_or_refused_with_its_place() {
    Target { name: "requests", tokens: &TOKENS, more: Vec::new(), answer, one_in: 1 }.run();
}
