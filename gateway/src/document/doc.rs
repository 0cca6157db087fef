//! What the document says of one route.

use super::{EVENTS, JSON};
use crate::problem::Kind;
use schemars::{JsonSchema, Schema, SchemaGenerator};

pub(super) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// What a route takes and answers.
#[derive(Default)]
pub(crate) struct Doc {
    /// What it is about: a chapter of the document, and the first half of an API key's scope.
    pub tag: &'static str,
    pub(super) summary: &'static str,
    pub(super) headers: Vec<(&'static str, bool, &'static str)>,
    /// Headers of its good answers.
    pub(super) sends: Vec<&'static str>,
    pub(super) query: Option<SchemaOf>,
    pub(super) body: Option<Option<SchemaOf>>,
    /// Of a body that is no JSON.
    pub(super) body_media: Option<&'static str>,
    pub(super) replies: Vec<Reply>,
    pub(super) problems: Vec<Kind>,
}

/// One good answer.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) text: &'static str,
    pub(super) media: &'static str,
    pub(super) schema: Option<SchemaOf>,
}

fn schema_of<T: JsonSchema>(schemas: &mut SchemaGenerator) -> Schema {
    schemas.subschema_for::<T>()
}

impl Doc {
    pub fn new(tag: &'static str, summary: &'static str) -> Self {
        Self { tag, summary, ..Self::default() }
    }

    pub fn header(mut self, name: &'static str, required: bool, text: &'static str) -> Self {
        self.headers.push((name, required, text));
        self
    }

    /// A header of its good answers, beside those that all have.
    pub fn sends(mut self, name: &'static str) -> Self {
        self.sends.push(name);
        self
    }

    pub fn query<T: JsonSchema>(mut self) -> Self {
        // The parameters themselves, not a reference to all of them.
        self.query = Some(|schemas| T::json_schema(schemas));
        self
    }

    pub fn body<T: JsonSchema>(mut self) -> Self {
        self.body = Some(Some(schema_of::<T>));
        self
    }

    /// JSON of a shape that is not ours.
    pub fn raw_body(mut self) -> Self {
        self.body = Some(None);
        self
    }

    /// Bytes of a kind.
    pub fn binary_body(mut self, media: &'static str) -> Self {
        (self.body, self.body_media) = (Some(None), Some(media));
        self
    }

    pub fn reply<T: JsonSchema>(self, status: u16, text: &'static str) -> Self {
        self.replies(status, text, JSON, Some(schema_of::<T>))
    }

    pub fn stream<T: JsonSchema>(self, text: &'static str) -> Self {
        self.replies(200, text, EVENTS, Some(schema_of::<T>))
    }

    /// Lines that are written while they are read; of several media types, separated by commas.
    pub fn lines(self, media: &'static str, text: &'static str) -> Self {
        self.replies(200, text, media, None)
    }

    pub fn reply_json(self, status: u16, text: &'static str) -> Self {
        self.replies(status, text, JSON, None)
    }

    pub fn reply_binary(self, media: &'static str, text: &'static str) -> Self {
        self.replies(200, text, media, None)
    }

    pub fn reply_html(self, text: &'static str) -> Self {
        self.replies(200, text, "text/html", None)
    }

    pub fn reply_empty(self, status: u16, text: &'static str) -> Self {
        self.replies(status, text, "", None)
    }

    pub fn problem(mut self, kind: Kind) -> Self {
        self.problems.push(kind);
        self
    }

    fn replies(
        mut self,
        status: u16,
        text: &'static str,
        media: &'static str,
        schema: Option<SchemaOf>,
    ) -> Self {
        self.replies.push(Reply { status, text, media, schema });
        self
    }
}
