//! stub
pub(crate) async fn run<P: crate::Participant>(
    parts: crate::service::Parts,
    _h: &'static [&'static contracts::MessageInfo],
    _r: P::Rules,
) {
    parts.tasks.stop().cancelled().await
}
