//! No loss makes a tensor on another device than its inputs: they run on libtorch's device `meta`, which mixes with no other.
//! That catches, without a card, what would end a training step on one. D5, which no objective uses, is not among them: libtorch has no
//! shape function for its ReLU; nor are indices of a gather, which `meta` does not check.

use mmt::loss;
use mmt::loss::objective::{Outputs, Weights, hard_only, mean_teaching, mutual_mean_teaching};
use mmt_testkit::convert::gradient;
use mmt_testkit::devices::{is_meta, to_meta};
use tch::{Device, Kind, Tensor};

fn variable(rows: i64, columns: i64) -> Tensor {
    to_meta(&Tensor::zeros([rows, columns], (Kind::Float, Device::Cpu))).set_requires_grad(true)
}

fn outputs() -> Outputs {
    Outputs { features: variable(8, 5), logits: variable(8, 6) }
}

fn labels() -> Tensor {
    to_meta(&Tensor::zeros([8], (Kind::Int64, Device::Cpu)))
}

/// A loss and its gradient are on the device of the inputs.
fn stays(name: &str, loss: mmt::Result<Tensor>, input: &Tensor) {
    let loss = loss.unwrap();
    assert!(is_meta(&loss), "{name} left the device");
    assert!(is_meta(&gradient(&loss, input)), "the gradient of {name} left the device");
}

#[test]
fn every_loss_and_its_gradient_stay_on_the_device_of_the_inputs() {
    let (x, teacher, labels) = (variable(8, 5), variable(8, 5), labels());
    stays("D1", loss::cross_entropy::label_smoothed(&x, &labels, 0.1), &x);
    stays("D2", loss::soft_cross_entropy::soft_cross_entropy(&x, &teacher), &x);
    stays("D3", Ok(mmt::distance::euclidean_among(&x).sum(Kind::Float)), &x);
    stays("D3", Ok(mmt::distance::euclidean(&x, &teacher).sum(Kind::Float)), &x);
    for normalize in [false, true] {
        stays("D6", loss::softmax_triplet::softmax_triplet(&x, &labels, 0.0, normalize), &x);
        let soft = loss::soft_softmax_triplet::soft_softmax_triplet(&x, &teacher, &labels, normalize);
        stays("D7", soft, &x);
    }
}

#[test]
fn the_objective_stays_on_the_device_of_the_inputs() {
    let (students, means) = ([outputs(), outputs()], [outputs(), outputs()]);
    let weights = Weights { soft_ce: 0.5, soft_triplet: 0.8, epsilon: 0.1, clusters: 4 };
    let labels = labels();
    let terms = mutual_mean_teaching([&students[0], &students[1]], [&means[0], &means[1]], &labels, &weights);
    let terms = terms.unwrap();
    assert!(is_meta(&terms.values()), "the values left the device");
    stays("D8", Ok(terms.total), &students[1].logits);
    let terms = mean_teaching(&students[0], &means[0], &labels, &weights).unwrap();
    stays("D8 of one student", Ok(terms.total), &students[0].features);
    stays(
        "D8, hard",
        hard_only(&students[0], &labels, 0.1, 4).map(|terms| terms.total),
        &students[0].features,
    );
}

#[test]
fn a_tensor_on_the_wrong_device_would_be_found() {
    let x = variable(8, 5);
    let wrong = Tensor::ones([8, 5], (Kind::Float, Device::Cpu));
    assert!(x.f_mul(&wrong).is_err(), "products");
    assert!(x.f_add(&wrong.get(0)).is_err(), "sums with a row");
    assert!(Tensor::f_cdist(&x, &wrong, 2.0, 2).is_err(), "distances");
}
