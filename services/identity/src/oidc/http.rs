//! The way to providers: TLS, no redirects, answers of a size that can be read. How long they may take is the asker's affair.

use super::settings::may_be_asked;
use bytes::Bytes;
use chassis::https;
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{Client, Error, connect::HttpConnector},
    rt::TokioExecutor,
};
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, http, url::Url};
use std::{future::Future, pin::Pin};

/// The largest answer that is read, in bytes: discovery documents, keys and tokens are a few KiB.
const ANSWER_BYTES: usize = 256 << 10;

/// An HTTP client.
pub struct Http(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

/// Why there is no answer. It names no address and no content: a code or a token may be in them.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// Not by TLS, and not from this very machine.
    #[error("it is not asked without TLS")]
    Insecure,
    /// Nobody there, or not by HTTP.
    #[error("no answer: {0}")]
    Silent(&'static str),
    /// More than anybody needs to say, or cut off.
    #[error("an answer that is too long, or ends too early")]
    TooLong,
}

impl Http {
    /// None, with the reason in the log, if there is no TLS.
    pub fn open() -> Option<Self> {
        let way =
            https::connector().inspect_err(|error| tracing::error!(%error, "no TLS to OpenID providers"));
        Some(Self(Client::builder(TokioExecutor::new()).build(way.ok()?)))
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, NoAnswer> {
        let url = Url::parse(&request.uri().to_string()).map_err(|_| NoAnswer::Insecure)?;
        if !may_be_asked(&url) {
            return Err(NoAnswer::Insecure);
        }
        let request = request.map(|body| Full::new(Bytes::from(body)));
        let answer = self.0.request(request).await.map_err(|error| NoAnswer::Silent(reason(&error)))?;
        // One that sends us elsewhere could send us anywhere (SSRF): it is read as it is, and is no answer.
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, ANSWER_BYTES).collect().await.map_err(|_| NoAnswer::TooLong)?;
        Ok(http::Response::from_parts(head, body.to_bytes().to_vec()))
    }
}

/// In a word: the error itself may name the address, and with it what is asked.
fn reason(error: &Error) -> &'static str {
    if error.is_connect() { "no connection" } else { "broken off" }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = NoAnswer;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, NoAnswer>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    fn get(url: &str) -> HttpRequest {
        http::Request::get(url).body(vec![]).unwrap()
    }

    /// What comes of an answer of a real server on loopback.
    async fn answered(answer: String) -> Result<HttpResponse, NoAnswer> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let read = stream.read(&mut [0; 4_096]).await.unwrap();
            assert!(read > 0);
            drop(stream.write_all(answer.as_bytes()).await);
        };
        let http = Http::open().unwrap();
        let (answer, ()) = tokio::join!(http.call(get(&url)), serve);
        answer
    }

    #[tokio::test]
    async fn nobody_is_asked_without_tls_but_this_very_machine() {
        let http = Http::open().unwrap();
        for url in ["http://id.example.org/", "http://10.0.0.1/keys"] {
            assert!(matches!(http.call(get(url)).await, Err(NoAnswer::Insecure)), "{url}");
        }
        let nobody = http.call(get("https://127.0.0.1:1/")).await;
        assert!(matches!(nobody, Err(NoAnswer::Silent("no connection"))), "{nobody:?}");
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed_and_an_endless_answer_not_read() {
        let sent_on = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(answered(sent_on.to_owned()).await.unwrap().status(), 302);
        let well =
            |bytes: usize| format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n{}", "a".repeat(bytes));
        assert_eq!(answered(well(ANSWER_BYTES)).await.unwrap().body().len(), ANSWER_BYTES);
        let long = answered(well(ANSWER_BYTES + 1)).await;
        assert!(matches!(long, Err(NoAnswer::TooLong)), "{long:?}");
    }
}
