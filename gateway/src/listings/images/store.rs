//! Where pictures are kept: a folder, or a bucket of a store that speaks S3.
//!
//! An object is written once, under an id that is never given again, and never changed; so there is nothing to agree on
//! with anybody else who reads or writes there.

use super::s3;
use crate::{
    Settings,
    problem::{Kind, Problem},
};
use anyhow::{Context, bail};
use bytes::Bytes;
use contracts::{ImageId, ImageSize};
use object_store::{
    Error, ObjectStore, ObjectStoreExt, PutPayload, Result, local::LocalFileSystem, path::Path,
};
use std::{path, result, sync::Arc, time::Duration};

/// Time to read, or to delete, an object.
const READ: Duration = Duration::from_secs(5);
/// Time to write one.
const WRITE: Duration = Duration::from_secs(15);

pub(crate) struct Store {
    objects: Arc<dyn ObjectStore>,
    /// What the names of all objects begin with.
    below: Path,
}

impl Store {
    /// What `IMAGES_URL` names. Nothing is connected or made yet.
    ///
    /// # Errors
    /// When it names nothing.
    pub fn open(settings: &Settings) -> anyhow::Result<Self> {
        let url = settings.images_url.as_str();
        if let Some(place) = url.strip_prefix("s3://") {
            let (bucket, below) = place.split_once('/').unwrap_or((place, ""));
            let below = Path::parse(below).context("IMAGES_URL: the part behind the bucket")?;
            return Ok(Self { objects: s3::open(settings, bucket)?, below });
        }
        let Some(folder) = url.strip_prefix("file:").filter(|folder| !folder.is_empty()) else {
            bail!("IMAGES_URL: expected file: and a folder, or s3://bucket/prefix");
        };
        let folder = folder.strip_prefix("//").unwrap_or(folder);
        let folder = path::absolute(folder).context("IMAGES_URL: the folder")?;
        let below = Path::from_absolute_path(folder).context("IMAGES_URL: the folder")?;
        // What was answered for must outlive a power cut: the row that shows a picture does.
        let files = LocalFileSystem::new().with_fsync(true);
        Ok(Self { objects: Arc::new(files), below })
    }

    fn place(&self, id: ImageId, size: ImageSize) -> Path {
        self.below.clone().join(format!("{id}-{}", size.name()))
    }

    /// Stores a picture in one size.
    ///
    /// # Errors
    /// 503 when the store does not take it; why is in the log.
    pub async fn put(&self, id: ImageId, size: ImageSize, bytes: Bytes) -> result::Result<(), Problem> {
        let place = self.place(id, size);
        let put = self.objects.put(&place, PutPayload::from_bytes(bytes));
        in_time(WRITE, put).await.map(drop)
    }

    /// A picture in one size, if there is such.
    ///
    /// # Errors
    /// 503 when the store does not answer; why is in the log.
    pub async fn get(&self, id: ImageId, size: ImageSize) -> result::Result<Option<Bytes>, Problem> {
        let place = self.place(id, size);
        let read = async {
            match self.objects.get(&place).await {
                Ok(object) => object.bytes().await.map(Some),
                Err(Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        };
        in_time(READ, read).await
    }

    /// Deletes a picture in all sizes; what is not there is no fault.
    ///
    /// # Errors
    /// When the store does not answer; why is in the log.
    pub async fn delete(&self, id: ImageId) -> result::Result<(), Problem> {
        for size in ImageSize::ALL {
            let place = self.place(id, size);
            let deleted = async {
                match self.objects.delete(&place).await {
                    Err(Error::NotFound { .. }) => Ok(()),
                    deleted => deleted,
                }
            };
            in_time(READ, deleted).await?;
        }
        Ok(())
    }
}

async fn in_time<T>(
    patience: Duration,
    question: impl Future<Output = Result<T>>,
) -> result::Result<T, Problem> {
    match tokio::time::timeout(patience, question).await {
        Ok(Ok(answer)) => return Ok(answer),
        // It names places, never keys or contents.
        Ok(Err(error)) => tracing::warn!(%error, "the store of pictures failed"),
        Err(_) => tracing::warn!("the store of pictures does not answer in time"),
    }
    Err(Problem::new(Kind::Unavailable, "the store of pictures does not answer at present"))
}
