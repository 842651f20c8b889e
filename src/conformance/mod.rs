//! This crate as an implementation that the conformance kit ([`mmt_conformance`]) can ask: what it offers of each definition, on any
//! device.
//!
//! ```
//! use mmt::conformance::Fast;
//! use mmt_conformance::implementation::Implementation;
//!
//! let offer = Fast { device: tch::Device::Cpu }.offer().unwrap();
//! assert!(offer.definitions.contains_key("D7"));
//! ```

mod clustering;
mod data;
mod evaluation;
mod losses;
mod tensors;
mod training;

use mmt_conformance::definitions::find;
use mmt_conformance::implementation::{Answer, Call, Fault, Implementation, Offer};
use mmt_conformance::{Inputs, Outputs};
use tch::Device;

use tensors::{Failed, Place, kind};

/// A definition by the fast code.
type Compute = fn(&Inputs, Place) -> Result<Outputs, Failed>;

/// The definitions that are answered.
const ANSWERS: &[(&str, Compute)] = &[
    ("D1", losses::cross_entropy),
    ("D2", losses::soft_cross_entropy),
    ("D3", losses::distances),
    ("D4", losses::mining),
    ("D5", losses::triplet),
    ("D6", losses::softmax_triplet),
    ("D7", losses::soft_softmax_triplet),
    ("D8", losses::objective),
    ("D9", losses::normalisation),
    ("D10", clustering::kmeans),
    ("D11", clustering::k_reciprocal),
    ("D12", clustering::jaccard),
    ("D13", clustering::eps),
    ("D14", clustering::dbscan),
    ("D15", clustering::centroids),
    ("D16", evaluation::mean_average_precision),
    ("D17", evaluation::cmc),
    ("D18", evaluation::re_ranking),
    ("D19", |inputs, _| evaluation::label_quality(inputs, "ari")),
    ("D20", |inputs, _| evaluation::label_quality(inputs, "nmi")),
    ("D21", |inputs, _| evaluation::label_quality(inputs, "purity")),
    ("D22", training::schedule),
    ("D23", training::mean_network),
    ("D24", training::adam),
    ("D25", data::sampler),
    ("D26", data::resize),
    ("D27", data::transforms),
    ("D28", data::erasing),
    ("D30", training::batch_norm),
    ("D34", evaluation::pair_errors),
];

/// The fast code on a device.
#[derive(Debug, Clone, Copy)]
pub struct Fast {
    /// Where tensors are.
    pub device: Device,
}

impl Implementation for Fast {
    fn offer(&mut self) -> Result<Offer, Fault> {
        let name = format!("mmt {}", env!("CARGO_PKG_VERSION"));
        let mut offer = Offer::of_all(&name, ANSWERS.iter().filter_map(|(number, _)| find(number)));
        // The transforms write f32, whatever is asked for.
        if let Some(offered) = offer.definitions.get_mut("D27") {
            offered.widths.retain(|width| width.name() == "f32");
        }
        Ok(offer)
    }

    fn answer(&mut self, call: Call<'_>) -> Result<Answer, Fault> {
        let known = ANSWERS.iter().find(|(number, _)| *number == call.definition.number);
        let (_, compute) =
            known.ok_or_else(|| Fault::Error(format!("{} is not offered", call.definition.number)))?;
        let place = Place { device: self.device, kind: kind(call.width) };
        compute(call.inputs, place).map(Answer::Outputs).map_err(|failed| Fault::Error(failed.0))
    }
}
