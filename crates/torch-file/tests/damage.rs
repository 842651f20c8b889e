//! Whatever stands in a file, reading it ends: with its tensors, or with a sentence.

use std::io::Cursor;

use mmt_torch_file::{Beside, ElementType, STREAM_MAGIC, open, write};
use proptest::prelude::*;

const TYPES: [ElementType; 4] =
    [ElementType::Float, ElementType::Int64, ElementType::Half, ElementType::Bool];

fn file(list: &[(String, ElementType, Vec<u64>)], beside: Beside) -> Vec<u8> {
    let bytes = list.iter().map(|(_, kind, shape)| {
        Ok::<_, std::io::Error>(vec![1; (shape.iter().product::<u64>() * kind.size()) as usize])
    });
    let mut file = Cursor::new(Vec::new());
    write(&mut file, list, bytes, beside).unwrap();
    file.into_inner()
}

/// Up to five tensors of up to three dimensions.
fn lists() -> impl Strategy<Value = Vec<(String, ElementType, Vec<u64>)>> {
    let tensor = (prop::sample::select(TYPES.to_vec()), prop::collection::vec(0_u64..4, 0..4));
    let named = |tensors: Vec<(ElementType, Vec<u64>)>| {
        let name = |(at, (kind, shape))| (format!("layer{at}.weight"), kind, shape);
        tensors.into_iter().enumerate().map(name).collect()
    };
    prop::collection::vec(tensor, 1..6).prop_map(named)
}

/// Reads every tensor of `bytes`; none may be larger than the file.
fn read(bytes: &[u8]) -> Result<usize, String> {
    let mut file = Cursor::new(bytes);
    let contents = open(&mut file, None).map_err(|error| error.to_string())?;
    for tensor in contents.tensors.values() {
        let span = tensor.span().ok_or("it reaches beyond its storage")?;
        let found = tensor.read(&mut file, span).map_err(|error| error.to_string())?;
        assert!(found.len() <= bytes.len());
    }
    Ok(contents.tensors.len())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_written_is_read(list in lists(), epoch in any::<Option<i64>>()) {
        let bytes = file(&list, Beside { epoch, best_map: None });
        let mut source = Cursor::new(&bytes);
        let contents = open(&mut source, None).unwrap();
        prop_assert_eq!(contents.epoch, epoch);
        prop_assert_eq!(contents.tensors.len(), list.len());
        for (name, kind, shape) in &list {
            let tensor = &contents.tensors[name];
            prop_assert_eq!((tensor.kind, &tensor.shape), (*kind, shape));
            let found = tensor.read(&mut source, tensor.span().unwrap()).unwrap();
            prop_assert_eq!(found, vec![1; (shape.iter().product::<u64>() * kind.size()) as usize]);
        }
    }

    #[test]
    fn a_changed_byte_ends_in_tensors_or_a_sentence(list in lists(), at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let mut bytes = file(&list, Beside::default());
        let at = at.index(bytes.len());
        bytes[at] = to;
        if let Err(reason) = read(&bytes) {
            prop_assert!(!reason.is_empty());
        }
    }

    #[test]
    fn a_file_cut_short_is_refused(list in lists(), at in any::<prop::sample::Index>()) {
        let bytes = file(&list, Beside::default());
        prop_assert!(read(&bytes[..at.index(bytes.len())]).is_err());
    }

    #[test]
    fn any_bytes_after_a_beginning_that_is_known_are_refused(
        zip in any::<bool>(),
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let start: &[u8] = if zip { b"PK\x03\x04" } else { STREAM_MAGIC };
        prop_assert!(read(&[start, &bytes].concat()).is_err());
    }
}

#[test]
fn a_type_that_pytorch_has_no_storage_for_is_named() {
    let list = [("angle".to_owned(), ElementType::ComplexFloat, vec![2])];
    let none = std::iter::empty::<Result<Vec<u8>, std::io::Error>>();
    let error = write(&mut Cursor::new(Vec::new()), &list, none, Beside::default()).unwrap_err();
    assert_eq!(error.to_string(), "angle: ComplexFloat cannot be saved");
}
