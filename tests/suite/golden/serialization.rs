//! Group `serialization`: loading by name and shape, and the published checkpoint in both formats.

use std::path::Path;

use mmt::model::{Format, LoadReport, Shapes, read_checkpoint, strip_prefix};
use mmt_testkit::{Failure, Trial};
use serde_json::Value;

use super::run::{Run, Side};
use super::unknown_function;

/// Runs a case of the group.
pub fn serialization(run: &mut Run) -> Trial {
    run.skip(Side::Reference, "the reference reads no files");
    run.skip(Side::Single, "the same code as for f64");
    match run.case.function() {
        "mmt.utils.serialization.copy_state_dict" => copied(run),
        "mmt.utils.serialization.save_checkpoint" => checkpoint(run),
        _ => unknown_function(run),
    }
}

/// The rows of `copy_state_dict`, by names and shapes.
fn copied(run: &mut Run) -> Trial {
    let table = run.case.table()?;
    let rows = table["copy_state_dict"].as_array().cloned().unwrap_or_default();
    if rows.is_empty() {
        return Err(Failure::new("the table of copy_state_dict is empty".to_owned()));
    }
    for row in &rows {
        let name = row["case"].as_str().unwrap_or("");
        let mut source: Shapes = shapes(&row["source"]).into_iter().collect();
        if let Some(prefix) = row["strip"].as_str() {
            source = strip_prefix(source, prefix).map_err(Failure::new)?;
        }
        let report = LoadReport::of(&shapes(&row["target"]), &source);
        let misfits: Vec<String> = report.other_shape.iter().map(|(name, _, _)| name.clone()).collect();
        // Published counts a misfit as missing, too, and a count of batches that is filled in.
        let mut missing: Vec<String> = report.missing.iter().map(|(name, _)| name.clone()).collect();
        missing.extend(report.filled);
        missing.extend(misfits.clone());
        let ours = [report.loaded, misfits, missing].map(sorted);
        let theirs = ["copied", "mismatch", "missing"].map(|key| names(&row[key]));
        run.equal(Side::Double, name, ours, theirs)?;
    }
    let missing = read_checkpoint(Path::new("/nonexistent/model.pth.tar"));
    run.equal(Side::Double, "load_missing_file", missing.is_err(), table["load_missing_file"].is_object())
}

fn checkpoint(run: &mut Run) -> Trial {
    let (epoch, best_map) = (run.case.count("epoch")? as i64, run.case.number("best_mAP")?);
    let files = [
        ("serialization/zip.pth.tar", Format::TorchZip),
        ("serialization/legacy.pth.tar", Format::TorchStream),
    ];
    for (file, format) in files {
        let found = read_checkpoint(&run.case.path(file))?;
        let header = (found.format, found.epoch, found.best_map);
        run.equal(Side::Double, file, header, (format, Some(epoch), Some(best_map)))?;
        let names: Vec<String> = run.case.outputs().keys().cloned().collect();
        let stems: Vec<&str> = names.iter().filter_map(|name| name.strip_prefix("out.")).collect();
        run.equal(Side::Double, "number of tensors", found.tensors.len(), stems.len())?;
        for stem in stems {
            let tensor = stem.strip_prefix("module.").and_then(|name| found.tensors.get(name));
            let tensor = tensor.ok_or_else(|| Failure::new(format!("{file} has no {stem}")))?;
            run.compare(Side::Double, stem, tensor)?;
        }
    }
    Ok(())
}

fn shapes(table: &Value) -> Vec<(String, Vec<i64>)> {
    let sizes = |shape: &Value| shape.as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
    table.as_object().into_iter().flatten().map(|(name, shape)| (name.clone(), sizes(shape))).collect()
}

fn names(list: &Value) -> Vec<String> {
    let names = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    sorted(names.map(str::to_owned).collect())
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}
