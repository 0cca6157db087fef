//! JetStream's streams: one per domain, since one for all would serialise every publisher behind one sync.

/// A stream, as the provisioner makes it: files, limits retention, atomic publish allowed, deletion and purge
/// denied to services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    /// Its name.
    pub name: &'static str,
    /// The subjects it keeps.
    pub subjects: &'static [&'static str],
    /// How long messages are kept, in days; without limit where a new copy must always be possible.
    pub max_age_days: Option<u64>,
}

/// All streams.
pub const STREAMS: &[Stream] = &[
    Stream { name: "COMMANDS", subjects: &["cmd.>"], max_age_days: Some(14) },
    Stream { name: "ORDER", subjects: &["order.>"], max_age_days: Some(14) },
    Stream { name: "STOCK", subjects: &["stock.>"], max_age_days: Some(14) },
    Stream { name: "PAYMENT", subjects: &["payment.>"], max_age_days: Some(14) },
    Stream { name: "SHIPMENT", subjects: &["shipment.>"], max_age_days: Some(14) },
    Stream { name: "CATALOG", subjects: &["product.>", "category.>"], max_age_days: None },
    // Has e-mail addresses in it, so it must end; identity tells every account again in time (`TELL_AGAIN`).
    Stream { name: "ACCOUNT", subjects: &["user.>"], max_age_days: Some(90) },
    Stream { name: "DEAD", subjects: &["dead.>"], max_age_days: Some(90) },
];

/// The stream that keeps a subject.
#[must_use]
pub fn stream_of(subject: &str) -> Option<&'static Stream> {
    let domain = subject.split('.').next()?;
    STREAMS.iter().find(|stream| stream.subjects.iter().any(|s| s.split('.').next() == Some(domain)))
}
