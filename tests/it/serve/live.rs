//! Live events: everything once, in order, from where the reader was.

use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{Answer, House, Person, of};

/// One server-sent event.
#[derive(Debug, Default, Clone)]
pub(crate) struct Heard {
    kind: String,
    id: String,
    data: Value,
}

/// Reads a stream until `enough`, or its end.
async fn listen(house: &House, who: &Person, path: &str, last: Option<u64>, mut enough: impl FnMut(&Heard) -> bool) -> Vec<Heard> {
    let mut request = house.request(Method::GET, path).bearer_auth(&who.access);
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let response = request.send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["content-type"].to_str().unwrap()), (200, "text/event-stream"));
    let (mut heard, mut text, mut body) = (Vec::new(), String::new(), response.bytes_stream());
    while let Some(Ok(bytes)) = body.next().await {
        text.push_str(std::str::from_utf8(&bytes).unwrap());
        while let Some((block, rest)) = text.split_once("\n\n").map(|(block, rest)| (block.to_owned(), rest.to_owned())) {
            text = rest;
            let mut one = Heard::default();
            for line in block.lines() {
                match line.split_once(": ") {
                    Some(("event", kind)) => one.kind = kind.to_owned(),
                    Some(("id", id)) => one.id = id.to_owned(),
                    Some(("data", data)) => one.data = serde_json::from_str(data).unwrap(),
                    _ => {}
                }
            }
            let done = enough(&one);
            heard.push(one);
            if done {
                return heard;
            }
        }
    }
    heard
}

/// Reads all events of a business until it is over, and returns them.
pub(crate) async fn read_to_the_end(house: &House, who: &Person, business: &Value) -> Vec<Value> {
    let heard = listen(house, who, &of(business, "/events"), None, |_| false).await;
    let (last, events) = heard.split_last().unwrap();
    assert_eq!((last.kind.as_str(), &last.data["reason"]), ("close", &json!("ended")), "{last:?}");
    assert_eq!(last.data["resume_after"], events.len());
    for (index, event) in events.iter().enumerate() {
        assert_eq!((event.kind.as_str(), event.id.clone()), ("event", (index + 1).to_string()), "no gap, and nothing twice");
        assert_eq!(event.data["sequence"], index + 1);
    }
    events.iter().map(|event| event.data.clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_hears_everything_once_while_it_happens_and_goes_on_where_it_was() {
    let house = House::new().await;
    let admin = house.admin().await;
    let business = house.launch(&admin, json!({ "days": 30 })).await;
    let (one, other) = tokio::join!(read_to_the_end(&house, &admin, &business), read_to_the_end(&house, &admin, &business));
    assert!(one == other, "both heard the same");
    let path = of(&business, "/events");
    let middle = one.len() as u64 / 2;
    let rest = listen(&house, &admin, &path, Some(middle), |_| false).await;
    assert_eq!((rest[0].id.clone(), rest.len() as u64), ((middle + 1).to_string(), one.len() as u64 - middle + 1));
    let both = listen(&house, &admin, &format!("{path}?after=1"), Some(middle), |_| true).await;
    assert_eq!(both[0].id, (middle + 1).to_string(), "what the browser remembers goes before the link");
    let end = one.len();
    assert_eq!(house.get(&admin, &format!("{path}?after={end}")).await.status, 204, "there is no more, and never will be");
    house.get(&admin, &format!("{path}?after={}", end + 1)).await.problem(422, "invalid");
    let wrong = house.request(Method::GET, &path).bearer_auth(&admin.access).header("last-event-id", "x");
    Answer::of(wrong).await.problem(422, "invalid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_of_a_business_at_rest_hears_what_is_done_to_it_and_that_the_daemon_ends() {
    let mut house = House::new().await;
    let admin = house.admin().await;
    let business = house.launch(&admin, json!({ "pace": "realtime" })).await;
    let path = of(&business, "/events");
    let paused = |heard: &Heard| heard.data["payload"]["type"] == "paused";
    let pause_path = of(&business, "/pause");
    let (heard, _) = tokio::join!(listen(&house, &admin, &path, None, paused), async {
        house.post(&admin, &pause_path, &json!({ "reason": "to look" })).await.ok()
    });
    assert!(heard.last().unwrap().data["text"].as_str().unwrap().contains("to look"), "{heard:?}");
    let url = house.url(&path);
    let response = reqwest::Client::builder().no_proxy().build().unwrap().get(url).bearer_auth(&admin.access).send().await.unwrap();
    let (text, ()) = tokio::join!(response.text(), house.stop());
    let text = text.unwrap();
    assert!(text.contains("event: close") && text.contains("\"going_away\""), "{}", &text[text.len().saturating_sub(300)..]);
}

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

async fn dial(house: &House, path: &str, headers: &[(&'static str, &str)]) -> Result<Socket, u16> {
    let mut request = house.url(path).replacen("http", "ws", 1).into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    match tokio_tungstenite::connect_async(request).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_hears_the_same_and_closes_with_a_reason() {
    let house = House::new().await;
    let admin = house.admin().await;
    let business = house.launch(&admin, json!({ "days": 5 })).await;
    let path = format!("/ws/dashboard/{}", business["id"].as_str().unwrap());
    let bearer = format!("Bearer {}", admin.access);
    let mut socket = dial(&house, &path, &[("authorization", &bearer)]).await.unwrap();
    socket.send(Message::text("hello?")).await.unwrap();
    let (mut heard, mut close) = (Vec::new(), None);
    while let Some(Ok(message)) = socket.next().await {
        match message {
            Message::Text(text) => heard.push(serde_json::from_str::<Value>(&text).unwrap()),
            Message::Close(frame) => close = frame,
            _ => {}
        }
    }
    let last = heard.pop().unwrap();
    assert_eq!(last, json!({ "type": "close", "reason": "ended", "resume_after": heard.len() }));
    assert_eq!(close.map(|frame| u16::from(frame.code)), Some(1000));
    let events: Vec<Value> = heard.iter().map(|frame| frame["event"].clone()).collect();
    assert!(events.iter().zip(1..).all(|(event, number)| event["sequence"] == number));
    let streamed = read_to_the_end(&house, &admin, &business).await;
    let texts = |events: &[Value]| events.iter().map(|event| event["payload"].clone()).collect::<Vec<_>>();
    assert_eq!(texts(&events), texts(&streamed));
    let end = format!("{path}?after={}", events.len());
    assert_eq!(dial(&house, &end, &[("authorization", &bearer)]).await.err(), Some(204));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_another_site_gets_no_socket() {
    let house = House::new().await;
    let admin = house.admin().await;
    let business = house.launch(&admin, json!({ "pace": "realtime" })).await;
    let path = format!("/ws/dashboard/{}", business["id"].as_str().unwrap());
    let bearer = format!("Bearer {}", admin.access);
    let login = house.request(Method::POST, "/api/auth/login").header("x-bbb-csrf", "1");
    let told = Answer::of(login.json(&json!({ "email": admin.email, "password": super::PASSWORD, "delivery": "cookie" }))).await;
    let cookie = told.header("set-cookie").split(';').next().unwrap().to_owned();
    let own = house.url("");
    for (headers, status) in [
        (vec![("cookie", cookie.as_str()), ("origin", own.as_str())], None),
        (vec![("cookie", cookie.as_str())], Some(403)),
        (vec![("cookie", cookie.as_str()), ("origin", "http://evil.example")], Some(403)),
        (vec![("authorization", bearer.as_str()), ("origin", "http://evil.example")], Some(403)),
        (vec![("authorization", bearer.as_str())], None),
        (vec![], Some(401)),
    ] {
        assert_eq!(dial(&house, &path, &headers).await.err(), status, "{headers:?}");
    }
    house.get(&admin, &path).await.problem(400, "malformed");
}
