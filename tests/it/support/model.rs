//! A server of the chat completions API whose model chooses sensibly most of the time, and goes wrong in every way that models and their servers do. Which way is a
//! function of what is asked and how often that was asked before, so a run is the same every time.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

/// How an answer goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// Words without a meaning here.
    Nonsense,
    /// JSON that ends in the middle.
    Cut,
    /// The model will not.
    Refusal,
    /// JSON of another shape.
    OtherShape,
    /// A text that is far too long.
    TooLong,
    /// 429.
    Busy,
    /// 500.
    Broken,
    /// The connection ends before an answer.
    Gone,
}

/// Of a hundred answers, how many go wrong in which way.
const FAULTS: [(Fault, u64); 8] = [
    (Fault::Nonsense, 4),
    (Fault::Cut, 3),
    (Fault::Refusal, 2),
    (Fault::OtherShape, 3),
    (Fault::TooLong, 2),
    (Fault::Busy, 2),
    (Fault::Broken, 2),
    (Fault::Gone, 1),
];

/// One call.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// The business's day that the prompt names.
    pub(crate) day: u32,
    /// The bytes of all messages and of the schema.
    pub(crate) bytes: usize,
    /// How many messages there were.
    pub(crate) messages: usize,
    /// How the answer goes wrong, if it does.
    pub(crate) fault: Option<Fault>,
}

/// The server. Its threads end with the process.
pub(crate) struct ModelServer {
    pub(crate) port: u16,
    calls: Arc<Mutex<Calls>>,
}

#[derive(Default)]
struct Calls {
    asked: Vec<Asked>,
    seen: BTreeMap<[u8; 32], u64>,
}

impl ModelServer {
    /// A server whose answers go wrong in this many of a hundred calls more or less: all of [`FAULTS`] scaled by `percent`; 500 is nearly always.
    pub(crate) fn start(percent: u64) -> ModelServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let calls: Arc<Mutex<Calls>> = Arc::default();
        let told = Arc::clone(&calls);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let calls = Arc::clone(&told);
                std::thread::spawn(move || serve(stream, &calls, percent));
            }
        });
        ModelServer { port, calls }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).asked.clone()
    }
}

/// Answers the requests of one connection until it ends.
fn serve(stream: TcpStream, calls: &Mutex<Calls>, percent: u64) {
    // Both fail only where the other side has gone.
    let _ = stream.set_nodelay(true);
    let Ok(copy) = stream.try_clone() else { return };
    let (mut reader, mut writer) = (BufReader::new(copy), stream);
    while let Some(body) = request(&mut reader) {
        let Some(response) = answer(&body, calls, percent) else { return };
        if writer.write_all(&response).is_err() {
            return;
        }
    }
}

fn request(reader: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let (mut length, mut line) = (0, String::new());
    loop {
        line.clear();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.trim().parse().ok()?,
            _ if line.trim().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(body)
}

/// The bytes to send; none where the connection is to end.
fn answer(body: &[u8], calls: &Mutex<Calls>, percent: u64) -> Option<Vec<u8>> {
    let request: Value = serde_json::from_slice(body).ok()?;
    let messages = request["messages"].as_array()?;
    let schema = &request["response_format"]["json_schema"]["schema"];
    let keys = schema["properties"]["choices"]["items"]["properties"]["option"]["enum"].as_array()?.clone();
    let contents: Vec<&str> = messages.iter().filter_map(|message| message["content"].as_str()).collect();
    let bytes = contents.iter().map(|content| content.len()).sum::<usize>() + schema.to_string().len();
    let day = contents.get(1)?.split("\"day\": ").nth(1)?.split(',').next()?.trim().parse().ok()?;
    let mut calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
    let digest = *blake3::hash(body).as_bytes();
    let seen = calls.seen.entry(digest).or_default();
    *seen += 1;
    let mut hasher = blake3::Hasher::new();
    let drawn = hasher.update(&digest).update(&seen.to_le_bytes()).finalize();
    let drawn: Vec<u64> = drawn.as_bytes().chunks(8).map(|part| part.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))).collect();
    let mut level = drawn[0] % 10_000;
    let fault = FAULTS.into_iter().find_map(|(fault, of_hundred)| {
        let share = of_hundred * percent;
        if level < share {
            Some(fault)
        } else {
            level -= share;
            None
        }
    });
    calls.asked.push(Asked { day, bytes, messages: messages.len(), fault });
    drop(calls);
    let content = match fault {
        Some(Fault::Gone) => return None,
        Some(Fault::Busy) => {
            return Some(http("429 Too Many Requests", &json!({ "error": { "message": "slow down", "type": "rate_limit" } })));
        }
        Some(Fault::Broken) => {
            return Some(http("500 Internal Server Error", &json!({ "error": { "message": "oops", "type": "server" } })));
        }
        Some(Fault::Nonsense) => "Certainly! Here is a haiku about invoices: paper falls like snow.".to_owned(),
        Some(Fault::Refusal) => "I'm sorry, but I can't help with that.".to_owned(),
        Some(Fault::OtherShape) => json!({ "actions": keys, "confidence": "high" }).to_string(),
        Some(Fault::TooLong) => {
            let text = "We work with care. ".repeat(2_000);
            json!({ "choices": [{ "option": keys[0], "subject": null, "text": text, "priority": null }] }).to_string()
        }
        Some(Fault::Cut) => {
            let whole = choices(&keys, &drawn);
            whole[..whole.len() / 2].to_owned()
        }
        None => choices(&keys, &drawn),
    };
    let limit = request["max_completion_tokens"].as_u64().unwrap_or(0);
    let (asked, said) = (bytes as u64 / 4, (content.len() as u64 / 4 + 1).min(limit));
    let usage = json!({ "prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said });
    let message = json!({ "role": "assistant", "content": content });
    Some(http("200 OK", &json!({ "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }], "usage": usage })))
}

/// Everything that there is to choose, and of four or more options now and then one less; one in three in other words.
fn choices(keys: &[Value], drawn: &[u64]) -> String {
    let left_out = (keys.len() > 3 && drawn[1].is_multiple_of(10)).then(|| drawn[2] % keys.len() as u64);
    let words = drawn[3].is_multiple_of(3).then_some("This is what we do, and how we do it. Write to us with whatever you want to know.");
    let chosen = keys.iter().enumerate().filter(|(index, _)| Some(*index as u64) != left_out);
    let chosen =
        chosen.map(|(_, key)| json!({ "option": key, "subject": null, "text": words.filter(|_| keys.len() == 1), "priority": null }));
    json!({ "choices": chosen.collect::<Vec<_>>() }).to_string()
}

fn http(status: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}
