//! How stores that speak S3 are reached: over the same TLS as everybody else out there.

use crate::Settings;
use anyhow::{Context, ensure};
use chassis::https;
use http_body_util::BodyExt;
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{Client, Error, connect},
    rt::TokioExecutor,
};
use object_store::{
    BackoffConfig, ClientOptions, ObjectStore, RetryConfig,
    aws::AmazonS3Builder,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse,
        HttpResponseBody, HttpService,
    },
};
use std::{pin::Pin, sync::Arc, time::Duration};

/// How often a request is tried again that found nobody, or a server that is busy.
const RETRIES: usize = 2;

/// A bucket, by the settings, and what they say nothing of by the variables that AWS has for it.
pub(super) fn open(settings: &Settings, bucket: &str) -> anyhow::Result<Arc<dyn ObjectStore>> {
    ensure!(!bucket.is_empty(), "IMAGES_URL names no bucket");
    let way = Client::builder(TokioExecutor::new()).build(https::connector()?);
    let retry = RetryConfig {
        backoff: BackoffConfig::default(),
        max_retries: RETRIES,
        retry_timeout: Duration::from_secs(5),
    };
    let mut s3 =
        AmazonS3Builder::from_env().with_bucket_name(bucket).with_retry(retry).with_http_connector(Way(way));
    if let Some(endpoint) = &settings.aws_endpoint_url {
        s3 = s3.with_endpoint(endpoint);
    }
    if let Some(region) = &settings.aws_region {
        s3 = s3.with_region(region);
    }
    if let (Some(id), Some(secret)) = (&settings.aws_access_key_id, &settings.aws_secret_access_key) {
        s3 = s3.with_access_key_id(id).with_secret_access_key(secret.expose());
    }
    Ok(Arc::new(s3.build().context("IMAGES_URL and AWS_* do not name an S3 bucket")?))
}

#[derive(Debug, Clone)]
struct Way(Client<HttpsConnector<connect::HttpConnector>, HttpRequestBody>);

impl HttpConnector for Way {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

impl HttpService for Way {
    fn call<'s, 'a>(
        &'s self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'a>>
    where
        's: 'a,
        Self: 'a,
    {
        Box::pin(async move {
            let answer =
                self.0.request(request).await.map_err(|error| HttpError::new(kind(&error), error))?;
            let broken = |error| HttpError::new(HttpErrorKind::Interrupted, error);
            Ok(answer.map(|body| HttpResponseBody::new(body.map_err(broken))))
        })
    }
}

fn kind(error: &Error) -> HttpErrorKind {
    if error.is_connect() { HttpErrorKind::Connect } else { HttpErrorKind::Interrupted }
}
