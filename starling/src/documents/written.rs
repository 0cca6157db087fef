//! Writing the documents, and telling whether those that are checked in are still true.

use super::{Flock, asyncapi, breaks, collection, graph, schemas};
use anyhow::Context;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

/// All documents, by their path below `contracts/`.
#[derive(Debug)]
pub struct Documents {
    files: BTreeMap<String, String>,
    schemas: Vec<schemas::SchemaFile>,
}

/// How a document that is checked in differs from what it would be now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stale {
    /// There is none.
    Missing(String),
    /// It says something else.
    Different(String),
    /// What it describes is gone.
    Left(String),
}

impl std::fmt::Display for Stale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(path) => write!(f, "{path} is missing"),
            Self::Different(path) => write!(f, "{path} is stale"),
            Self::Left(path) => write!(f, "{path} describes what no longer is"),
        }
    }
}

impl Documents {
    /// Makes all.
    ///
    /// # Errors
    /// Never for what contracts declares.
    pub fn of(flock: &Flock) -> anyhow::Result<Self> {
        let schemas = schemas::all(flock);
        let mut files = BTreeMap::from([
            ("asyncapi.yaml".to_owned(), asyncapi::document(flock)?),
            ("choreography.md".to_owned(), graph::page(flock)),
            ("http/starling.postman_collection.json".to_owned(), collection::document()?),
        ]);
        for file in &schemas {
            let text = serde_json::to_string_pretty(&file.schema)?;
            files.insert(format!("schemas/{}", file.path), format!("{text}\n"));
        }
        Ok(Self { files, schemas })
    }

    /// Which of those in a folder are not what they would be now.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn stale(&self, folder: &Path) -> anyhow::Result<Vec<Stale>> {
        let mut stale = vec![];
        for (path, text) in &self.files {
            match read(&folder.join(path))? {
                None => stale.push(Stale::Missing(path.clone())),
                Some(there) if there != *text => stale.push(Stale::Different(path.clone())),
                Some(_) => {}
            }
        }
        stale.extend(self.left(folder)?.into_iter().map(Stale::Left));
        Ok(stale)
    }

    /// What a folder's schemas promise and these no longer keep: one sentence each.
    ///
    /// # Errors
    /// When a schema in the folder cannot be read.
    pub fn broken(&self, folder: &Path) -> anyhow::Result<Vec<String>> {
        let mut broken = vec![];
        for file in &self.schemas {
            let path = folder.join("schemas").join(&file.path);
            let Some(text) = read(&path)? else { continue };
            let old: Value = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
            let found = breaks(&old, &file.schema, file.reader);
            broken.extend(found.into_iter().map(|what| format!("{}: {what}", file.path)));
        }
        broken.extend(self.left(folder)?.into_iter().map(|path| format!("{path}: no longer told or heard")));
        Ok(broken)
    }

    /// Writes all, and removes schemas of what no longer is. Returns the paths that changed.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, folder: &Path) -> anyhow::Result<Vec<String>> {
        let stale = self.stale(folder)?;
        for change in &stale {
            match change {
                Stale::Missing(path) | Stale::Different(path) => {
                    let target = folder.join(path);
                    fs::create_dir_all(target.parent().unwrap_or(folder))?;
                    let text = self.files.get(path).map_or("", String::as_str);
                    fs::write(&target, text).with_context(|| target.display().to_string())?;
                }
                Stale::Left(path) => fs::remove_file(folder.join(path))?,
            }
        }
        Ok(stale.iter().map(ToString::to_string).collect())
    }

    fn left(&self, folder: &Path) -> anyhow::Result<Vec<String>> {
        let mut there = BTreeSet::new();
        for sub in ["schemas", "schemas/requests"] {
            for file in list(&folder.join(sub))? {
                there.insert(format!("{sub}/{file}"));
            }
        }
        Ok(there.into_iter().filter(|path| !self.files.contains_key(path)).collect())
    }
}

/// A file's text; none if there is no such file.
fn read(path: &Path) -> anyhow::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

/// The JSON files of a folder; none if there is no such folder.
fn list(folder: &PathBuf) -> anyhow::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
        Err(error) => return Err(error).with_context(|| folder.display().to_string()),
    };
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let names: io::Result<Vec<String>> = names.collect();
    Ok(names?.into_iter().filter(|name| name.ends_with(".json")).collect())
}
