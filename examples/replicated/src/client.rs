//! A client of the interface for operators, for the launcher and the judge.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::Failure;

/// Asks a node.
pub async fn get(node: SocketAddr, path: &str) -> Result<Value, Failure> {
    talk(node, "GET", path, "", Duration::from_millis(800)).await
}

/// Gives an order to a node.
pub async fn post(node: SocketAddr, path: &str, body: &Value) -> Result<Value, Failure> {
    talk(node, "POST", path, &body.to_string(), Duration::from_secs(6)).await
}

/// Asks a node for a text.
pub async fn text(node: SocketAddr, path: &str) -> Result<String, Failure> {
    exchange(node, "GET", path, "", Duration::from_secs(2)).await
}

async fn talk(
    node: SocketAddr,
    method: &str,
    path: &str,
    body: &str,
    patience: Duration,
) -> Result<Value, Failure> {
    Ok(serde_json::from_str(&exchange(node, method, path, body, patience).await?)?)
}

async fn exchange(
    node: SocketAddr,
    method: &str,
    path: &str,
    body: &str,
    patience: Duration,
) -> Result<String, Failure> {
    let path = path.replace(' ', "%20");
    let head = format!("{method} {path} HTTP/1.0\r\nHost: {node}\r\n");
    let kind = "Content-Type: application/json\r\n";
    let request = format!("{head}{kind}Content-Length: {}\r\n\r\n{body}", body.len());
    let talk = async {
        let mut stream = TcpStream::connect(node).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    let answer = timeout(patience, talk).await.map_err(|_| Failure("no answer".into()))??;
    let (head, text) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    if head.lines().next().is_some_and(|line| line.contains(" 200 ")) {
        Ok(text.to_owned())
    } else {
        Err(Failure(text.to_owned()))
    }
}
