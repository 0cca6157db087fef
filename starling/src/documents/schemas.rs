//! JSON Schemas (2020-12): one a message and version, two a request.

use super::{Flock, Reader};
use chassis::{DeadLetter, ListDead, Redrive, ShowDead};
use contracts::{Kind, requests, schemas};
use schemars::{Schema, schema_for};
use serde_json::Value;

/// A schema with the file that holds it.
#[derive(Debug, Clone)]
pub struct SchemaFile {
    /// Below `contracts/schemas/`.
    pub path: String,
    /// Who reads what it describes.
    pub reader: Reader,
    /// The schema.
    pub schema: Value,
}

/// All schemas.
pub fn all(flock: &Flock) -> Vec<SchemaFile> {
    let mut files: Vec<SchemaFile> = schemas()
        .into_iter()
        .map(|(info, schema)| SchemaFile {
            path: message_path(info.ce_type),
            reader: match info.kind {
                Kind::Event => Reader::Others,
                Kind::Command => Reader::Flock,
            },
            schema: schema.to_value(),
        })
        .collect();
    for (subject, _, question, reply) in requests() {
        files.push(file(request_path(subject, "question"), Reader::Flock, question));
        files.push(file(request_path(subject, "reply"), Reader::Others, reply));
    }
    // The same for every service that can give a message up.
    if flock.services.iter().any(|service| service.keeps && !service.hears.is_empty()) {
        files.extend([
            file(message_path("dead.v1"), Reader::Others, schema_for!(DeadLetter)),
            file(message_path("cmd.redrive.v1"), Reader::Flock, schema_for!(Redrive)),
            file(request_path("req.dead_list", "question"), Reader::Flock, schema_for!(ListDead)),
            file(request_path("req.dead_list", "reply"), Reader::Others, schema_for!(Vec<DeadLetter>)),
            file(request_path("req.dead_show", "question"), Reader::Flock, schema_for!(ShowDead)),
            file(request_path("req.dead_show", "reply"), Reader::Others, schema_for!(DeadLetter)),
        ]);
    }
    files.push(file(request_path("refusal", "reply"), Reader::Others, schema_for!(contracts::Refusal)));
    files
}

/// The file of a message's schema, below `contracts/schemas/`.
pub fn message_path(ce_type: &str) -> String {
    format!("{ce_type}.json")
}

/// The file of a request's schema; `part` is `question` or `reply`.
pub fn request_path(subject: &str, part: &str) -> String {
    format!("requests/{subject}.{part}.json")
}

fn file(path: String, reader: Reader, schema: Schema) -> SchemaFile {
    SchemaFile { path, reader, schema: schema.to_value() }
}
