//! What a service hears and tells, as enums over message types: the compiler knows every input and output.

use crate::{Message, MessageInfo};

/// A body that is not what its subject promises.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The service does not listen to this subject.
    #[error("subject {0} is not heard here")]
    Subject(String),
    /// Not JSON, or not of the type's schema. The text names the field and the place, never the value.
    #[error("not a {name}: {why} at line {line} column {column}")]
    Body {
        /// The type that was expected.
        name: &'static str,
        /// What is wrong with it.
        why: String,
        /// Where.
        line: usize,
        /// Where.
        column: usize,
    },
}

/// An enum over message types; made by [`message_enum!`](crate::message_enum).
pub trait MessageEnum: Sized + Send + Sync + 'static {
    /// The constants of each variant's type.
    const INFOS: &'static [&'static MessageInfo];
    /// The constants of this message's type.
    fn info(&self) -> &'static MessageInfo;
    /// Reads the body that came on a subject.
    fn read(subject: &str, body: &[u8]) -> Result<Self, Unreadable>;
    /// Writes the body.
    fn write(&self) -> Result<Vec<u8>, WriteError>;
}

/// Makes an enum over message types, each variant named like its type without more words.
#[macro_export]
macro_rules! message_enum {
    ($(#[$doc:meta])* $vis:vis enum $name:ident { $($variant:ident($message:ty)),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[allow(clippy::large_enum_variant, missing_docs, reason = "one value at a time; variants are named by their type")]
        $vis enum $name { $($variant($message)),+ }

        $(impl From<$message> for $name {
            fn from(message: $message) -> Self {
                Self::$variant(message)
            }
        })+

        impl $crate::MessageEnum for $name {
            const INFOS: &'static [&'static $crate::MessageInfo] = &[$(<$message as $crate::Message>::INFO),+];

            fn info(&self) -> &'static $crate::MessageInfo {
                match self {
                    $(Self::$variant(_) => <$message as $crate::Message>::INFO),+
                }
            }

            fn read(subject: &str, body: &[u8]) -> Result<Self, $crate::Unreadable> {
                $(if subject == <$message as $crate::Message>::INFO.subject {
                    return $crate::read_body::<$message>(body).map(Self::$variant);
                })+
                Err($crate::Unreadable::Subject(subject.to_owned()))
            }

            fn write(&self) -> Result<Vec<u8>, $crate::WriteError> {
                match self {
                    $(Self::$variant(message) => $crate::write_body(message)),+
                }
            }
        }
    };
}

/// A body that could not be written; it would be a bug.
pub type WriteError = serde_json::Error;

/// Reads one body.
pub fn read_body<M: Message>(body: &[u8]) -> Result<M, Unreadable> {
    serde_json::from_slice(body).map_err(|error| Unreadable::Body {
        name: M::INFO.name,
        why: without_values(&error),
        line: error.line(),
        column: error.column(),
    })
}

/// Writes one body.
pub fn write_body<M: Message>(message: &M) -> Result<Vec<u8>, WriteError> {
    serde_json::to_vec(message)
}

/// What serde says of an error, without the value that it met: that may be personal. Field names stay.
pub fn without_values(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    // "unknown variant `value`, expected …"; an unknown field is a name, and stays.
    if let Some((_, rest)) = text.strip_prefix("unknown variant `").and_then(|rest| rest.split_once('`')) {
        return format!("unknown variant `…`{rest}");
    }
    let Some((start, rest)) = text.split_once('"') else { return text.to_owned() };
    let end = rest.rsplit_once('"').map_or("", |(_, end)| end);
    format!("{start}\"…\"{end}")
}

/// A message enum for services that hear or tell nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nothing {}

impl MessageEnum for Nothing {
    const INFOS: &'static [&'static MessageInfo] = &[];
    fn info(&self) -> &'static MessageInfo {
        match *self {}
    }
    fn read(subject: &str, _: &[u8]) -> Result<Self, Unreadable> {
        Err(Unreadable::Subject(subject.to_owned()))
    }
    fn write(&self) -> Result<Vec<u8>, WriteError> {
        match *self {}
    }
}

#[cfg(test)]
mod tests {
    use crate::{CancelReason, DispatchShipment, Unreadable, read_body};

    #[track_caller]
    fn check(body: &str, why: &str) {
        let Err(Unreadable::Body { why: said, .. }) = read_body::<DispatchShipment>(body.as_bytes()) else {
            panic!("{body} was read");
        };
        assert!(said.contains(why), "{said}");
        assert!(!said.contains("Ada"), "{said} shows a value");
    }

    #[test]
    fn what_is_wrong_with_a_body_is_said_without_its_values() {
        check(r#"{"order_id":"Ada"}"#, "UUID");
        check(r#"{"order_id":7}"#, "invalid type");
        check(r#"{}"#, "missing field `order_id`");
        check(r#""Ada""#, "invalid type: string \"…\"");
        let variant =
            serde_json::from_str::<CancelReason>(r#"{"code":"Ada"}"#).map_err(|e| super::without_values(&e));
        assert!(variant.is_err_and(|said| said.starts_with("unknown variant `…`, expected")));
    }
}
