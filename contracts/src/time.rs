//! Times: UTC, RFC 3339 on the wire, whole milliseconds.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, fmt, time::Duration};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// An instant in UTC, to the millisecond.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Cow<'_, str>", into = "String")]
pub struct Timestamp(OffsetDateTime);

/// Not an RFC 3339 time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a time as RFC 3339 writes it, such as 2026-11-20T12:00:00Z")]
pub struct NotATime;

impl Timestamp {
    /// The instant, cut to whole milliseconds.
    #[must_use]
    pub fn new(instant: OffsetDateTime) -> Self {
        let instant = instant.to_offset(UtcOffset::UTC);
        Self(instant.replace_millisecond(instant.millisecond()).unwrap_or(instant))
    }

    /// Milliseconds since 1970; what lies outside the years 1 to 9999 becomes 1970.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        let instant = OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000);
        Self(instant.unwrap_or(OffsetDateTime::UNIX_EPOCH))
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.0.unix_timestamp() * 1000 + i64::from(self.0.millisecond())
    }

    /// This much later.
    #[must_use]
    pub fn plus(self, wait: Duration) -> Self {
        Self::new(self.0 + wait)
    }

    /// The same instant for the database.
    #[must_use]
    pub const fn inner(self) -> OffsetDateTime {
        self.0
    }

    /// Reads RFC 3339.
    pub fn parse(text: &str) -> Result<Self, NotATime> {
        OffsetDateTime::parse(text, &Rfc3339).map(Self::new).map_err(|_| NotATime)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (date, t) = (self.0.date(), self.0.time());
        let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
        let (hour, minute, second, milli) = (t.hour(), t.minute(), t.second(), t.millisecond());
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<Cow<'_, str>> for Timestamp {
    type Error = NotATime;
    fn try_from(text: Cow<'_, str>) -> Result<Self, NotATime> {
        Self::parse(&text)
    }
}

impl From<Timestamp> for String {
    fn from(time: Timestamp) -> Self {
        time.to_string()
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time", "description": "RFC 3339, UTC" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_survives_the_wire_to_the_millisecond() {
        let time = Timestamp::from_millis(1_795_000_000_123);
        assert_eq!(Timestamp::parse(&time.to_string()), Ok(time));
        assert_eq!(time.millis(), 1_795_000_000_123);
        assert_eq!(
            Timestamp::parse("2026-11-20T13:00:00+01:00").unwrap().to_string(),
            "2026-11-20T12:00:00.000Z"
        );
        assert_eq!(Timestamp::parse("yesterday"), Err(NotATime));
    }
}
