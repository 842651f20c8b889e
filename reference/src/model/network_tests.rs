use super::*;
use crate::loss::objective::hard_only;
use crate::loss::tests::{assert_slope, numbers};
use crate::model::resnet::{BlockKind, Embedding, Stage, Stem};
use crate::model::state::Role;

const LABELS: [usize; 6] = [0, 0, 1, 1, 2, 2];

/// A network of a few hundred numbers.
pub(crate) fn tiny(block: BlockKind, ibn: bool) -> Spec {
    Spec {
        block,
        stem: Stem { kernel: 3, stride: 1, channels: 3, relu: ibn, max_pool: true },
        stages: vec![
            Stage { blocks: 1, width: 2, stride: 1, ibn },
            Stage { blocks: 2, width: 3, stride: 2, ibn: false },
        ],
        projection: None,
        embedding: None,
    }
}

/// The network of a spec with arbitrary numbers that keep activations and variances near 1.
pub(crate) fn filled(spec: &Spec, classes: usize, seed: u64) -> Network {
    let mut network = Network::new(spec, classes).unwrap();
    for (at, entry) in network.state.clone().entries().iter().enumerate() {
        let around_one =
            entry.name.ends_with("running_var") || (entry.shape.len() == 1 && entry.name.ends_with("weight"));
        let values = numbers(entry.values.len(), seed + 31 * at as u64);
        let values: Vec<f64> =
            values.iter().map(|value| if around_one { 1.0 + 0.3 * value } else { *value }).collect();
        if !entry.name.ends_with("num_batches_tracked") {
            network.set(&entry.name, &values).unwrap();
        }
    }
    network
}

pub(crate) fn images(count: usize, seed: u64) -> Volume {
    Volume::new([count, 3, 8, 6], numbers(count * 144, seed)).unwrap()
}

fn loss(network: &Network, images: &Volume, group: Option<usize>) -> f64 {
    let (outputs, _) = network.clone().train(images, group).unwrap();
    hard_only(&outputs, &LABELS, 0.1, 3).unwrap().total
}

/// Holds a few derivatives of each trained array against central differences.
fn assert_gradients(spec: &Spec, group: Option<usize>) {
    let (network, images) = (filled(spec, 4, 1), images(6, 2));
    let (outputs, trace) = network.clone().train(&images, group).unwrap();
    let terms = hard_only(&outputs, &LABELS, 0.1, 3).unwrap();
    let gradients = network.backward(&trace, &terms.gradient).unwrap();
    let trained = network.state.entries().iter().filter(|entry| entry.role == Role::Trained);
    assert_eq!(trained.clone().count(), gradients.len());
    for entry in trained {
        for at in [0, entry.values.len() / 2, entry.values.len() - 1] {
            let moved = |step: f64| {
                let mut network = network.clone();
                network.state.values_mut(&entry.name).unwrap()[at] += step;
                self::loss(&network, &images, group)
            };
            assert_slope(gradients[&entry.name][at], moved, &format!("{} at {at}", entry.name));
        }
    }
}

#[test]
fn the_gradients_of_a_network_of_basic_blocks_are_the_slopes() {
    assert_gradients(&tiny(BlockKind::Basic, false), None);
}

#[test]
fn the_gradients_of_a_network_of_bottlenecks_with_ibn_are_the_slopes() {
    assert_gradients(&tiny(BlockKind::Bottleneck, true), None);
}

#[test]
fn the_gradients_with_grouped_statistics_and_a_projection_are_the_slopes() {
    assert_gradients(&Spec { projection: Some(5), ..tiny(BlockKind::Basic, false) }, Some(3));
}

#[test]
fn the_gradients_through_either_embedding_are_the_slopes() {
    for unit_length in [false, true] {
        let embedding = Some(Embedding { features: 4, unit_length });
        assert_gradients(&Spec { embedding, ..tiny(BlockKind::Basic, false) }, None);
    }
}

#[test]
fn training_returns_the_pooled_features_even_before_an_embedding() {
    let plain = tiny(BlockKind::Basic, false);
    let embedded = Spec { embedding: Some(Embedding { features: 4, unit_length: false }), ..plain.clone() };
    let features = |spec: &Spec| filled(spec, 3, 1).train(&images(6, 2), None).unwrap().0.features;
    assert_eq!(features(&embedded), features(&plain));
}

#[test]
fn without_classes_training_returns_the_output_of_the_neck() {
    let (outputs, _) = filled(&tiny(BlockKind::Basic, false), 0, 1).train(&images(6, 2), None).unwrap();
    assert_eq!((outputs.logits.rows(), outputs.logits.columns()), (6, 3));
}

#[test]
fn evaluation_returns_unit_rows_one_by_one_and_leaves_the_state() {
    let network = filled(&tiny(BlockKind::Bottleneck, true), 3, 1);
    let (before, batch) = (network.clone(), images(2, 3));
    let together = network.embed(&batch).unwrap();
    for i in 0..2 {
        let one = Volume::new([1, 3, 8, 6], batch.values()[144 * i..144 * (i + 1)].to_vec()).unwrap();
        assert_eq!(network.embed(&one).unwrap().row(0), together.row(i));
        assert!((together.row(i).iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-14);
    }
    assert_eq!(network, before);
}

#[test]
fn observing_moves_the_buffers_alone() {
    let (before, mut network) =
        (filled(&tiny(BlockKind::Basic, false), 3, 1), filled(&tiny(BlockKind::Basic, false), 3, 1));
    network.observe(&images(6, 2), None).unwrap();
    for (new, old) in network.state.entries().iter().zip(before.state.entries()) {
        assert_eq!(new.values != old.values, new.role == Role::Buffer, "{}", new.name);
    }
}

#[test]
fn the_published_names_stand_in_the_published_order() {
    let names = |spec: &Spec| -> Vec<String> {
        let network = Network::new(spec, 10).unwrap();
        network.state.entries().iter().map(|entry| entry.name.clone()).collect()
    };
    let plain = names(&Spec::resnet50());
    assert_eq!(plain.len(), 324);
    assert_eq!(plain[0], "base.0.weight");
    assert_eq!(plain[6], "base.3.0.conv1.weight");
    assert_eq!(plain[plain.len() - 1], "classifier.weight");
    let ibn = names(&Spec::resnet_ibn50a());
    assert_eq!(ibn[7..10], ["base.4.0.bn1.IN.weight", "base.4.0.bn1.IN.bias", "base.4.0.bn1.BN.weight"]);
    assert!(ibn.contains(&"base.7.2.bn1.weight".to_owned()));
}

#[test]
fn a_strided_bottleneck_strides_at_its_3x3_convolution_and_its_shortcut() {
    let base = Spec::resnet50().base();
    let Layer::Sequence(blocks) = &base[4] else { panic!("{:?}", base[4]) };
    let Layer::Block { body, shortcut } = &blocks[0] else { panic!("{:?}", blocks[0]) };
    let strides = |layers: &[Layer]| -> Vec<usize> {
        let stride = |layer: &Layer| match layer {
            Layer::Convolution { stride, .. } => Some(*stride),
            _ => None,
        };
        layers.iter().filter_map(stride).collect()
    };
    assert_eq!((strides(body), strides(shortcut)), (vec![1, 2, 1], vec![2]));
}

#[test]
fn centroids_fill_the_first_rows_of_the_classifier() {
    let mut network = filled(&tiny(BlockKind::Basic, false), 4, 1);
    let last = network.state.values("classifier.weight").unwrap()[6..].to_vec();
    network.set_classifier(&Matrix::from_fn(2, 3, |i, j| (3 * i + j) as f64)).unwrap();
    let weight = network.state.values("classifier.weight").unwrap();
    assert_eq!((&weight[..6], &weight[6..]), (&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0][..], &last[..]));
    assert!(network.set_classifier(&Matrix::zeros(5, 3)).is_err());
    assert!(network.set_classifier(&Matrix::zeros(2, 4)).is_err());
}

#[test]
fn what_does_not_fit_is_refused() {
    let spec = tiny(BlockKind::Basic, false);
    assert!(matches!(
        Network::new(&Spec { stages: vec![], ..spec.clone() }, 3),
        Err(InvalidInput::Empty { .. })
    ));
    let zero = Spec { projection: Some(0), ..spec.clone() };
    assert!(matches!(Network::new(&zero, 3), Err(InvalidInput::Parameter { .. })));
    let mut network = filled(&spec, 3, 1);
    let grey = network.train(&Volume::zeros([2, 1, 8, 6]), None);
    assert!(matches!(grey, Err(InvalidInput::Shape { what: "images", .. })));
    let mut bad = images(2, 1);
    bad.values_mut()[150] = f64::NAN;
    assert!(matches!(network.embed(&bad), Err(InvalidInput::NotFinite { row: 1, .. })));
    // One image is one value a channel in the neck.
    assert!(matches!(network.train(&images(1, 1), None), Err(InvalidInput::TooFewSamples { .. })));
}
