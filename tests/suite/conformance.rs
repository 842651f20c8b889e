//! The fast code and the registrations of the conformance kit: every definition that it offers, in every width, on every device.

use mmt::conformance::Fast;
use mmt_conformance::definitions::ALL;
use mmt_conformance::implementation::{Answer, Call, Implementation};
use mmt_conformance::tolerance::Width;
use mmt_testkit::strategies::extensive;
use mmt_testkit::tolerance::check;
use mmt_testkit::{Actual, Failure, Trial, devices};

/// Cases of each definition and width.
const CASES: u64 = 100;
const SEED: u64 = 20;

fn put(definition: &'static mmt_conformance::Definition, width: Width, index: u64) -> Trial {
    let inputs = definition.case(SEED, index);
    let expected = (definition.reference)(&inputs)?;
    let names: Vec<String> = definition.outputs.iter().map(|output| output.name.to_owned()).collect();
    let call = Call { definition, width, inputs: &inputs, outputs: &names };
    let found = match (Fast { device: devices::current() }).answer(call)? {
        Answer::Outputs(found) => found,
        Answer::Declined(reason) => return Err(Failure::new(reason)),
    };
    let units = (definition.units)(&inputs);
    for output in definition.outputs {
        if (definition.open)(&inputs, width, output.name).is_some() {
            continue;
        }
        let actual = |array: &mmt_conformance::Array| Actual::new(&array.shape, array.values.clone());
        let unit = units[output.quantity as usize];
        let (found, expected) = (actual(&found[output.name]), actual(&expected[output.name]));
        check(output.tolerance, output.quantity, width, unit, found, expected).map_err(|failure| {
            failure.at(format_args!("{} {} of case {index}", definition.number, output.name))
        })?;
    }
    Ok(())
}

#[test]
fn the_fast_code_agrees_with_every_registration_in_every_width_on_every_device() {
    let offered = Fast { device: tch::Device::Cpu }.offer().unwrap();
    let cases = if extensive() { 16 * CASES } else { CASES };
    for definition in ALL {
        let offered = &offered.definitions[definition.number];
        for &width in &offered.widths {
            devices::each(|| (0..cases).try_for_each(|index| put(definition, width, index))).unwrap();
        }
    }
}
