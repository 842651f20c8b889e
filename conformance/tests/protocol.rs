//! Questions and answers survive the way through the protocol, small ones as lists, large ones as files.

use mmt_conformance::definitions::{ALL, find};
use mmt_conformance::implementation::{Answer, Call, Implementation};
use mmt_conformance::own::References;
use mmt_conformance::protocol::{
    Folder, INLINE, Question, answer_line, call_line, parse_answer, parse_call, parse_offer,
};
use mmt_conformance::serve::serve;
use mmt_conformance::{Definition, Inputs, Width, generate};

fn names(definition: &Definition) -> Vec<String> {
    definition.outputs.iter().map(|output| output.name.to_owned()).collect()
}

/// The inputs of a call as the program reads them.
fn sent(definition: &'static Definition, inputs: &Inputs, folder: &Folder) -> Inputs {
    let outputs = names(definition);
    let call = Call { definition, width: Width::Single, inputs, outputs: &outputs };
    let line = call_line(3, call, folder).unwrap();
    match parse_call(&line, folder).unwrap() {
        Question::Call { number: 3, definition: number, width: Width::Single, inputs, outputs: wanted } => {
            assert_eq!((number.as_str(), wanted), (definition.number, outputs));
            inputs
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn inputs_arrive_as_they_were_sent_to_the_last_bit() {
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::new(place.path());
    for definition in ALL {
        for index in 0..50 {
            let inputs = definition.case(3, index);
            assert_eq!(sent(definition, &inputs, &folder), inputs, "{}", definition.number);
        }
    }
}

#[test]
fn outputs_arrive_as_they_were_sent_to_the_last_bit() {
    let folder = Folder::new(".");
    for definition in ALL {
        let (inputs, outputs) = (definition.case(3, 0), names(definition));
        let call = Call { definition, width: Width::Double, inputs: &inputs, outputs: &outputs };
        let answer = References.answer(call);
        let line = answer_line(7, &answer);
        assert_eq!(
            parse_answer(line.as_bytes(), 7, definition, &outputs, &folder),
            answer,
            "{}",
            definition.number
        );
    }
}

#[test]
fn large_arrays_go_by_files_of_the_folder_and_may_come_back_so() {
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::new(place.path());
    let definition = find("D9").unwrap();
    let features = generate::normal(INLINE / 8 + 1, 8, 1.0, &mut generate::rng(1));
    let inputs = Inputs::default().with("features", &features);
    assert_eq!(sent(definition, &inputs, &folder), inputs);
    let file = "call-3-features.safetensors";
    assert!(place.path().join(file).is_file());
    let answer = |name: &str| {
        let line =
            format!(r#"{{"call": 3, "outputs": {{"unit": {{"file": {name:?}, "tensor": "values"}}}}}}"#);
        parse_answer(line.as_bytes(), 3, definition, &names(definition), &folder)
    };
    let Ok(Answer::Outputs(outputs)) = answer(file) else { panic!("the file is not read") };
    assert_eq!(outputs["unit"].values, features.values());
    let outside = place.path().join(file);
    for name in
        ["", ".", "..", "sub/x", "../call-3-features.safetensors", outside.to_str().unwrap(), "nowhere"]
    {
        assert!(answer(name).is_err(), "{name}");
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(file, place.path().join("link")).unwrap();
        assert!(answer("link").is_err());
    }
}

#[test]
fn a_program_of_ours_answers_every_line_and_says_what_is_wrong_with_one() {
    let questions = "{\"protocol\": 1, \"ask\": \"offer\", \"folder\": \".\"}\nhello\n\
        {\"call\": 1, \"definition\": \"D9\", \"width\": \"f64\", \"inputs\": {\"features\": [[3.0, 4.0]]}, \"outputs\": [\"unit\"]}\n\
        {\"call\": 2, \"definition\": \"D9\", \"width\": \"f64\", \"inputs\": {\"features\": [[3.0], [4.0, 1.0]]}, \"outputs\": []}\n\
        {\"call\": 3, \"definition\": \"D99\", \"width\": \"f64\", \"inputs\": {}, \"outputs\": []}\n";
    let mut answers = Vec::new();
    serve(&mut References, questions.as_bytes(), &mut answers).unwrap();
    let text = String::from_utf8(answers).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(parse_offer(lines[0].as_bytes()).unwrap().definitions.len(), ALL.len());
    assert!(
        lines[1].contains("not JSON") && lines[3].contains("different lengths") && lines[4].contains("D99")
    );
    assert!(lines[2].contains("[[0.6,0.8]]"), "{}", lines[2]);
}
