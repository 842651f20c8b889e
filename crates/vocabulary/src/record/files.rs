//! Reading and writing record files; every file is written whole or not at all.

use std::io::Write;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Record, SCHEMA_VERSION};
use crate::error::{Error, Result};
use crate::whole_file::replace;

/// Writes `bytes` to `path`.
///
/// # Errors
/// The folder cannot be written.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, |file| file.write_all(bytes).map_err(Error::io("write", path)))
}

/// Writes records as CSV, floats with as many digits as they need to be read back equal.
///
/// # Errors
/// The folder cannot be written.
pub fn write_csv<T: Serialize>(path: &Path, records: &[T]) -> Result<()> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for record in records {
        writer.serialize(record).map_err(|error| Error::file(path, error.to_string()))?;
    }
    let bytes = writer.into_inner().map_err(|error| Error::file(path, error.to_string()))?;
    write_whole(path, &bytes)
}

/// Reads records from CSV.
///
/// # Errors
/// An unreadable file, a line that is no such record (it is named), or records of another schema.
pub fn read_csv<T: DeserializeOwned + Record>(path: &Path) -> Result<Vec<T>> {
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let mut records = Vec::new();
    for record in reader.deserialize() {
        let record: T = record.map_err(|error| Error::file(path, error.to_string()))?;
        check_schema(path, record.schema())?;
        records.push(record);
    }
    Ok(records)
}

/// Writes a record as JSON.
///
/// # Errors
/// The folder cannot be written.
pub fn write_json<T: Serialize>(path: &Path, record: &T) -> Result<()> {
    let mut text = serde_json::to_vec_pretty(record).map_err(|error| Error::file(path, error.to_string()))?;
    text.push(b'\n');
    write_whole(path, &text)
}

/// Reads a record from JSON.
///
/// # Errors
/// An unreadable file, one that is no such record, or a record of another schema.
pub fn read_json<T: DeserializeOwned + Record>(path: &Path) -> Result<T> {
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    let record: T = serde_json::from_slice(&bytes).map_err(|error| Error::file(path, error.to_string()))?;
    check_schema(path, record.schema())?;
    Ok(record)
}

fn check_schema(path: &Path, schema: u32) -> Result<()> {
    if schema == SCHEMA_VERSION {
        return Ok(());
    }
    Err(Error::file(path, format!("records of schema {schema}; this version reads schema {SCHEMA_VERSION}")))
}

#[cfg(test)]
mod tests {
    use super::super::LabelRecord;
    use super::*;

    fn record(schema: u32, ari: f64) -> LabelRecord {
        let pairs = Some(0.5);
        LabelRecord {
            schema,
            epoch: 1,
            clusters: 3,
            unassigned: 0,
            ari,
            nmi: 0.5,
            purity: 1.0,
            wrong_merges: pairs,
            wrong_splits: pairs,
            one_camera: None,
            one_camera_by_chance: pairs,
            soft_label_accuracy: Some(0.1 + 0.2),
            ..LabelRecord::default()
        }
    }

    #[test]
    fn records_come_back_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels.csv");
        let records = [record(SCHEMA_VERSION, 0.1 + 0.2), record(SCHEMA_VERSION, 1.0 / 3.0)];
        write_csv(&path, &records).unwrap();
        assert_eq!(read_csv::<LabelRecord>(&path).unwrap(), records);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
    }

    /// The columns of teachers came later, under the same schema.
    #[test]
    fn records_of_labels_alone_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels.csv");
        let header = "schema,epoch,clusters,unassigned,ari,nmi,purity,wrong_merges,wrong_splits,one_camera,one_camera_by_chance";
        std::fs::write(&path, format!("{header}\n{SCHEMA_VERSION},1,3,0,0.25,0.5,1.0,0.5,0.5,,0.5\n"))
            .unwrap();
        let expected = LabelRecord { soft_label_accuracy: None, ..record(SCHEMA_VERSION, 0.25) };
        assert_eq!(read_csv::<LabelRecord>(&path).unwrap(), [expected]);
    }

    #[test]
    fn another_schema_and_a_broken_line_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels.csv");
        write_csv(&path, &[record(SCHEMA_VERSION + 1, 0.0)]).unwrap();
        assert!(read_csv::<LabelRecord>(&path).unwrap_err().to_string().contains("schema"));
        std::fs::write(&path, "schema,epoch,clusters,unassigned,ari,nmi,purity\n1,1,x,0,0,0,0\n").unwrap();
        let error = read_csv::<LabelRecord>(&path).unwrap_err().to_string();
        assert!(error.contains("labels.csv") && error.contains("line"), "{error}");
    }
}
