//! Answers of a hostile program: no line may end in a panic, and nothing outside of the folder may be read.
//! `MMT_FUZZ_SECONDS=600` goes on for that long.

use std::fs;
use std::time::{Duration, Instant};

use mmt_conformance::definitions::ALL;
use mmt_conformance::implementation::{Answer, Call, Implementation};
use mmt_conformance::own::References;
use mmt_conformance::protocol::{Folder, answer_line, parse_answer, parse_call, parse_offer};
use mmt_conformance::{Width, generate};
use rand::Rng;
use rand::seq::IndexedRandom;

/// Pieces that a line is broken with.
const PIECES: &[&str] = &[
    "NaN",
    "Infinity",
    "-Infinity",
    "null",
    "1e400",
    "-0.0",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "\\",
    ",",
    ":",
    "\u{0}",
    "\u{fffd}",
    "[]",
    "[[]]",
    "{\"file\":\"../../etc/passwd\",\"tensor\":\"values\"}",
    "{\"file\":\"own\",\"tensor\":\"values\"}",
    "{\"file\":\"/etc/passwd\",\"tensor\":\"values\"}",
    "{\"file\":\".\",\"tensor\":\"\"}",
    "99999999999999999999999",
    "true",
    "\"outputs\"",
    "\"call\"",
    "\"error\"",
    "\"declined\"",
    "\"offers\"",
    "\"widths\"",
    "\"f64\"",
];

fn broken(line: &[u8], rng: &mut impl Rng) -> Vec<u8> {
    let mut line = line.to_vec();
    for _ in 0..rng.random_range(1..6) {
        let at = rng.random_range(0..=line.len());
        match rng.random_range(0..5) {
            0 => line.truncate(at),
            1 => line.insert(at, rng.random()),
            2 if at < line.len() => line[at] = rng.random(),
            3 => {
                let end = rng.random_range(at..=line.len());
                let piece: Vec<u8> = line.drain(at..end).collect();
                let to = rng.random_range(0..=line.len());
                line.splice(to..to, [piece.clone(), piece].concat());
            }
            _ => {
                let piece = PIECES.choose(rng).unwrap_or(&"");
                let end = rng.random_range(at..=line.len().min(at + 12));
                line.splice(at..end, piece.bytes());
            }
        }
        line.truncate(1 << 20);
    }
    line
}

#[test]
fn no_line_of_a_program_panics() {
    let seconds = std::env::var("MMT_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2);
    let (begun, limit) = (Instant::now(), Duration::from_secs(seconds));
    let folder = tempfile::tempdir().unwrap();
    let inside = Folder::new(folder.path());
    let mut rng = generate::rng(seconds);
    let mut lines = 0_u64;
    while begun.elapsed() < limit {
        let definition = *ALL.choose(&mut rng).unwrap();
        let inputs = definition.case(1, rng.random_range(0..200));
        let outputs: Vec<String> = definition.outputs.iter().map(|output| output.name.to_owned()).collect();
        let call = Call { definition, width: Width::Double, inputs: &inputs, outputs: &outputs };
        let right = answer_line(1, &References.answer(call));
        let offer = mmt_conformance::protocol::offer_answer_line(&References.offer().unwrap());
        let question = mmt_conformance::protocol::call_line(1, call, &inside).unwrap();
        assert!(matches!(
            parse_answer(right.as_bytes(), 1, definition, &outputs, &inside),
            Ok(Answer::Outputs(_))
        ));
        for _ in 0..50 {
            let own = folder.path().join("own");
            let _ = fs::write(own, broken(b"\x10\0\0\0\0\0\0\0{\"values\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}}12345678", &mut rng));
            let answer = parse_answer(&broken(right.as_bytes(), &mut rng), 1, definition, &outputs, &inside);
            if let Ok(Answer::Outputs(outputs)) = answer {
                for array in outputs.0.values() {
                    assert_eq!(array.shape.iter().product::<usize>(), array.values.len());
                }
            }
            let _ = parse_offer(&broken(offer.as_bytes(), &mut rng));
            let _ = parse_call(&String::from_utf8_lossy(&broken(question.as_bytes(), &mut rng)), &inside);
            lines += 3;
        }
    }
    assert!(lines > 100, "{lines} lines");
}
