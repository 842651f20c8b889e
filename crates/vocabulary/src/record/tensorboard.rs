//! The records of a run as an event file of TensorBoard: the same numbers, for those who look at curves there.
//!
//! The file is made whole from the records after every epoch, so a run that was resumed has the one of a run that was not. Instead of
//! the time of day an event has its epoch in seconds, so that equal runs have equal files; TensorBoard shows it as a date of 1970.
//!
//! Format: records of (length, CRC of the length, bytes, CRC of the bytes), the bytes an `Event` in the encoding of protocol buffers
//! (TensorFlow, `tfrecord` and `event.proto`). Ten lines of it are needed, so no crate is.

use std::collections::BTreeMap;

use super::{EpochRecord, EvaluationRecord, LabelRecord, Split};

/// The version that the first event must name.
const VERSION: &str = "brain.Event:2";

/// Fields of an `Event`, of its `Summary` and of a value of that.
mod field {
    pub const WALL_TIME: u8 = 1;
    pub const STEP: u8 = 2;
    pub const FILE_VERSION: u8 = 3;
    pub const SUMMARY: u8 = 5;
    pub const VALUE: u8 = 1;
    pub const TAG: u8 = 1;
    pub const SIMPLE_VALUE: u8 = 2;
}

/// How a field is laid out.
mod wire {
    pub const VARINT: u8 = 0;
    pub const EIGHT_BYTES: u8 = 1;
    pub const BYTES: u8 = 2;
    pub const FOUR_BYTES: u8 = 5;
}

/// Tags and values of each epoch.
type Scalars = BTreeMap<usize, Vec<(String, f64)>>;

/// The content of the event file: `loss/…`, `<split>/<network>/mAP` and `top-1`, `-5`, `-10`, `labels/…`, `teachers/…`, the epoch as step.
pub fn events(epochs: &[EpochRecord], evaluations: &[EvaluationRecord], labels: &[LabelRecord]) -> Vec<u8> {
    let mut file = Vec::new();
    frame(&mut file, &text(field::FILE_VERSION, VERSION.as_bytes()));
    for (epoch, values) in scalars(epochs, evaluations, labels) {
        frame(&mut file, &event(epoch, &values));
    }
    file
}

fn scalars(epochs: &[EpochRecord], evaluations: &[EvaluationRecord], labels: &[LabelRecord]) -> Scalars {
    let mut found = Scalars::new();
    let mut put = |epoch: usize, tag: String, value: f64| found.entry(epoch).or_default().push((tag, value));
    for record in epochs {
        put(record.epoch, format!("loss/{}", record.loss), record.value);
    }
    for record in evaluations {
        let measures =
            [("mAP", record.map), ("top-1", record.top1), ("top-5", record.top5), ("top-10", record.top10)];
        for (name, value) in measures {
            put(record.epoch, format!("{}/{}/{name}", split(record.split), record.network), value);
        }
    }
    for record in labels {
        let measures = [
            ("clusters", Some(record.clusters as f64)),
            ("unassigned", Some(record.unassigned as f64)),
            ("ARI", Some(record.ari)),
            ("NMI", Some(record.nmi)),
            ("purity", Some(record.purity)),
            ("wrong merges", record.wrong_merges),
            ("wrong splits", record.wrong_splits),
            ("wrong merges in one camera", record.one_camera),
        ];
        for (name, value) in measures {
            value.into_iter().for_each(|value| put(record.epoch, format!("labels/{name}"), value));
        }
        for (name, value) in of_teachers(record) {
            value.into_iter().for_each(|value| put(record.epoch, format!("teachers/{name}"), value));
        }
    }
    found
}

fn of_teachers(record: &LabelRecord) -> [(&'static str, Option<f64>); 11] {
    [
        ("triplet q10", record.teacher_q10),
        ("triplet q50", record.teacher_q50),
        ("triplet q90", record.teacher_q90),
        ("certainty", record.teacher_certainty),
        ("wrong triplets", record.wrong_triplets),
        ("right where student wrong", record.teacher_right_where_student_wrong),
        ("right where triplet wrong", record.teacher_right_where_triplet_wrong),
        ("hard-label accuracy", record.hard_label_accuracy),
        ("soft-label accuracy", record.soft_label_accuracy),
        ("soft right where hard wrong", record.soft_right_where_hard_wrong),
        ("soft wrong where hard right", record.soft_wrong_where_hard_right),
    ]
}

/// As the records spell it.
fn split(split: Split) -> &'static str {
    match split {
        Split::TargetTest => "target-test",
        Split::TargetTestReRanked => "target-test-re-ranked",
        Split::SourceTest => "source-test",
    }
}

/// An event; numbers that are zero are left out, as the encoding wants it.
fn event(epoch: usize, values: &[(String, f64)]) -> Vec<u8> {
    let mut summary = Vec::new();
    for (tag, value) in values {
        let mut entry = text(field::TAG, tag.as_bytes());
        entry.push(key(field::SIMPLE_VALUE, wire::FOUR_BYTES));
        entry.extend((*value as f32).to_le_bytes());
        summary.extend(text(field::VALUE, &entry));
    }
    let mut event = Vec::new();
    if epoch > 0 {
        event.push(key(field::WALL_TIME, wire::EIGHT_BYTES));
        event.extend((epoch as f64).to_le_bytes());
        event.push(key(field::STEP, wire::VARINT));
        event.extend(varint(epoch as u64));
    }
    event.extend(text(field::SUMMARY, &summary));
    event
}

fn key(field: u8, wire: u8) -> u8 {
    (field << 3) | wire
}

/// A field of bytes with its length.
fn text(field: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![key(field, wire::BYTES)];
    out.extend(varint(bytes.len() as u64));
    out.extend(bytes);
    out
}

/// Seven bits a byte, the lowest first; the eighth says that more follow.
fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

fn frame(file: &mut Vec<u8>, bytes: &[u8]) {
    let length = (bytes.len() as u64).to_le_bytes();
    file.extend(length);
    file.extend(masked_crc(&length).to_le_bytes());
    file.extend(bytes);
    file.extend(masked_crc(bytes).to_le_bytes());
}

/// CRC-32C, turned and moved so that a CRC of bytes that hold CRCs is no trouble.
fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xA282_EAD8)
}

#[cfg(test)]
mod tests {
    use super::super::{NetworkName, SCHEMA_VERSION};
    use super::*;

    fn loss(epoch: usize, value: f64) -> EpochRecord {
        EpochRecord { schema: SCHEMA_VERSION, epoch, loss: "ce_1".to_owned(), value }
    }

    fn evaluation(epoch: usize) -> EvaluationRecord {
        let (schema, network, split) = (SCHEMA_VERSION, NetworkName::Answering(1), Split::TargetTest);
        EvaluationRecord { schema, epoch, network, split, map: 0.25, top1: 0.5, top5: 0.75, top10: 1.0 }
    }

    /// The bytes that TensorBoard 2.21's own writer makes of an evaluation at epoch 0 and a loss at epoch 300.
    #[test]
    fn the_file_is_that_of_tensorboards_own_writer() {
        let expected = "0f000000000000006d532b091a0d627261696e2e4576656e743a32fc98512992000000000000002747ac502a8f010a20\
                        0a197461726765742d746573742f6e6574776f726b2d312f6d4150150000803e0a220a1b7461726765742d746573742f\
                        6e6574776f726b2d312f746f702d31150000003f0a220a1b7461726765742d746573742f6e6574776f726b2d312f746f\
                        702d35150000403f0a230a1c7461726765742d746573742f6e6574776f726b2d312f746f702d3130150000803f1f36d1\
                        9f200000000000000029eda950090000000000c0724010ac022a120a100a096c6f73732f63655f311500002040b2919e25";
        let found: String = events(&[loss(300, 2.5)], &[evaluation(0)], &[])
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(found, expected);
    }

    /// CRC-32C bit by bit.
    fn crc(bytes: &[u8]) -> u32 {
        let mut crc = u32::MAX;
        for byte in bytes {
            crc ^= u32::from(*byte);
            for _ in 0..8 {
                crc = if crc & 1 == 1 { (crc >> 1) ^ 0x82F6_3B78 } else { crc >> 1 };
            }
        }
        !crc
    }

    /// Takes a file apart; the CRCs are checked.
    fn frames(mut file: &[u8]) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        let check = |bytes: &[u8], masked: &[u8]| {
            let masked = u32::from_le_bytes(masked.try_into().unwrap());
            assert_eq!(masked.wrapping_sub(0xA282_EAD8).rotate_left(15), crc(bytes));
        };
        while !file.is_empty() {
            check(&file[..8], &file[8..12]);
            let end = 12 + u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
            check(&file[12..end], &file[end..end + 4]);
            frames.push(file[12..end].to_vec());
            file = &file[end + 4..];
        }
        frames
    }

    #[test]
    fn an_epoch_is_one_frame_and_a_longer_run_begins_like_a_shorter_one() {
        let losses = [loss(1, 2.0), loss(2, 1.0)];
        let label = LabelRecord {
            schema: SCHEMA_VERSION,
            epoch: 1,
            clusters: 7,
            unassigned: 3,
            ari: 0.5,
            nmi: 0.25,
            purity: 1.0,
            wrong_merges: Some(0.25),
            wrong_splits: Some(0.125),
            one_camera: None,
            one_camera_by_chance: Some(0.2),
            soft_label_accuracy: Some(0.75),
            ..LabelRecord::default()
        };
        let all = events(&losses, &[evaluation(0), evaluation(1)], std::slice::from_ref(&label));
        let found = frames(&all);
        assert_eq!(found.len(), 4, "the version, and epochs 0 to 2");
        assert_eq!(crc(b"123456789"), 0xE306_9283, "the check value of CRC-32C");
        let has = |frame: &[u8], tag: &str| frame.windows(tag.len()).any(|part| part == tag.as_bytes());
        assert!(
            has(&found[2], "loss/ce_1")
                && has(&found[2], "labels/ARI")
                && has(&found[2], "labels/wrong merges")
                && has(&found[2], "teachers/soft-label accuracy")
                && !has(&found[2], "teachers/hard-label accuracy")
                && has(&found[2], "network-1/mAP")
        );
        assert!(has(&found[3], "loss/ce_1") && !has(&found[3], "labels") && !has(&found[3], "teachers"));
        assert!(all.starts_with(&events(&losses[..1], &[evaluation(0), evaluation(1)], &[label])));
    }
}
