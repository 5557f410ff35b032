//! A partner's receiver of webhooks, below HTTP libraries: what came is kept byte for byte, and the answers are laid down.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// One request that came.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Came {
    pub(crate) start: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Came {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// What a request gets; without any it gets a 204.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    Status(u16),
    Silence,
    Close,
}

#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    came: Arc<Mutex<Vec<Came>>>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
}

impl Receiver {
    pub(crate) async fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks/seek?from=test", listener.local_addr().unwrap());
        let receiver = Receiver { url, came: Arc::default(), answers: Arc::default() };
        let serving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        receiver
    }

    pub(crate) fn answer(&self, answers: &[Answer]) {
        self.answers.lock().unwrap().extend(answers);
    }

    pub(crate) fn came(&self) -> Vec<Came> {
        self.came.lock().unwrap().clone()
    }

    async fn serve(self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.unwrap();
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let headers: BTreeMap<String, String> = lines[1..]
            .iter()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let mut body = vec![0; headers["content-length"].parse().unwrap()];
        stream.read_exact(&mut body).await.unwrap();
        let body = String::from_utf8(body).unwrap();
        self.came.lock().unwrap().push(Came { start: lines[0].clone(), headers, body });
        let answer = self.answers.lock().unwrap().pop_front().unwrap_or(Answer::Status(204));
        match answer {
            Answer::Status(status) => {
                let text = format!("answered {status}");
                let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}", text.len());
                let whole = if status == 204 {
                    "HTTP/1.1 204 X\r\n\r\n".to_owned()
                } else {
                    format!("{head}\r\n\r\n{text}")
                };
                stream.write_all(whole.as_bytes()).await.unwrap();
            }
            Answer::Silence => {
                // Until the sender gives up.
                let _ = stream.read(&mut [0; 1]).await;
            }
            Answer::Close => {}
        }
    }
}
