//! stub
pub(crate) async fn trim(parts: crate::service::Parts) {
    parts.tasks.stop().cancelled().await
}
