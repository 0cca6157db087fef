//! One HTTP/1.1 connection, kept alive: as cheap as a client can be, since it shares the machine.

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, client::conn::http1, http::request};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Open.
pub struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    host: String,
}

impl Connection {
    /// Opens one.
    #[expect(clippy::disallowed_methods, reason = "the connection's own task ends with it")]
    pub async fn open(host: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(host).await.context("connecting to the gateway")?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        drop(tokio::spawn(connection));
        Ok(Self { sender, host: host.to_owned() })
    }

    /// Posts JSON; the status and the body of the answer. No idempotency key when it is empty.
    pub async fn post(
        &mut self,
        path: &str,
        token: &str,
        key: &str,
        body: String,
    ) -> anyhow::Result<(u16, String)> {
        let mut request = self.request(Method::POST, path, token).header("content-type", "application/json");
        if !key.is_empty() {
            request = request.header("idempotency-key", key);
        }
        self.send(request.body(Full::from(body))?).await
    }

    /// Sends something of a media type.
    pub async fn upload(
        &mut self,
        method: Method,
        path: &str,
        token: &str,
        media: &str,
        body: String,
    ) -> anyhow::Result<(u16, String)> {
        let request = self.request(method, path, token).header("content-type", media);
        self.send(request.body(Full::from(body))?).await
    }

    /// Gets; the status and the body of the answer.
    pub async fn get(&mut self, path: &str, token: &str) -> anyhow::Result<(u16, String)> {
        let request = self.request(Method::GET, path, token);
        self.send(request.body(Full::default())?).await
    }

    /// Deletes; the status and the body of the answer.
    pub async fn delete(&mut self, path: &str, token: &str) -> anyhow::Result<(u16, String)> {
        let request = self.request(Method::DELETE, path, token);
        self.send(request.body(Full::default())?).await
    }

    fn request(&self, method: Method, path: &str, token: &str) -> request::Builder {
        let request = Request::builder().method(method).uri(path).header("host", &self.host);
        if token.is_empty() { request } else { request.header("authorization", format!("Bearer {token}")) }
    }

    /// Over a new connection when this one is over: gateways end those that are an hour old.
    async fn send(&mut self, request: Request<Full<Bytes>>) -> anyhow::Result<(u16, String)> {
        if self.sender.ready().await.is_err() {
            *self = Self::open(&self.host).await?;
        }
        let answer = match self.sender.try_send_request(request).await {
            Ok(answer) => answer,
            Err(mut failed) => {
                let Some(unsent) = failed.take_message() else { return Err(failed.into_error().into()) };
                *self = Self::open(&self.host).await?;
                self.sender.send_request(unsent).await?
            }
        };
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await?.to_bytes();
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    /// Answers one request on each connection, and ends it without saying so before.
    async fn one_each(listener: TcpListener, connections: usize) {
        for _ in 0..connections {
            let (mut stream, _) = listener.accept().await.expect("somebody comes");
            let mut head = vec![];
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.expect("a request"));
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.expect("it listens");
        }
    }

    #[tokio::test]
    async fn what_a_gateway_ended_is_opened_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let host = listener.local_addr().expect("it is bound").to_string();
        let mut connection = Connection::open(&host).await.expect("somebody listens");
        let ask = async {
            for _ in 0..5 {
                let answer = connection.get("/", "").await.expect("answered");
                assert_eq!(answer, (200, "ok".to_owned()));
                // Until the end of the connection has come.
                while connection.sender.ready().await.is_ok() {
                    tokio::task::yield_now().await;
                }
            }
        };
        tokio::join!(one_each(listener, 5), ask);
    }
}
