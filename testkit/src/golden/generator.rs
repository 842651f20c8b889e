//! The generator of weights and images (FORMAT.md): nothing large is stored, both sides draw it.

use tch::{Kind, Tensor};

use super::Case;
use crate::{Actual, Failure, Trial};

/// `count` values of the key `"{seed}/{key}"`: f32(offset + scale * u) with u in -0.5..0.5.
pub fn values(seed: u64, key: &str, offset: f64, scale: f64, count: usize) -> Vec<f32> {
    let mut state = hash(&format!("{seed}/{key}"));
    let mut next = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        (offset + scale * uniform(state)) as f32
    };
    (0..count).map(|_| next()).collect()
}

/// FNV-1a over the bytes of `text`.
fn hash(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    text.bytes().fold(0xCBF2_9CE4_8422_2325, step)
}

/// splitmix64's mixing of `state`, as a number in -0.5..0.5 of 24 bits.
fn uniform(state: u64) -> f64 {
    let mut z = state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    (z >> 40) as f64 / f64::from(1 << 24) - 0.5
}

/// The values of a published state-dict entry: offset and scale follow from its name and shape. `None` for a count of
/// batches, which is not generated (it is 0).
pub fn weight(seed: u64, prefix: &str, name: &str, shape: &[usize]) -> Option<Vec<f32>> {
    let (offset, scale) = if name.ends_with("num_batches_tracked") {
        return None;
    } else if name.ends_with("running_var") {
        (1.0, 0.5)
    } else if name.ends_with("running_mean") || name.ends_with("bias") {
        (0.0, 0.2)
    } else if shape.len() == 1 {
        (1.0, 0.5)
    } else {
        (0.0, (12.0 / shape[1..].iter().product::<usize>() as f64).sqrt())
    };
    Some(values(seed, &format!("{prefix}{name}"), offset, scale, shape.iter().product()))
}

/// [`weight`] as a tensor; a count of batches is an i64 zero.
pub fn weight_tensor(seed: u64, prefix: &str, name: &str, shape: &[usize], kind: Kind) -> Tensor {
    let size: Vec<i64> = shape.iter().map(|&size| size as i64).collect();
    match weight(seed, prefix, name, shape) {
        Some(values) => Tensor::from_slice(&values).view(size.as_slice()).to_kind(kind),
        None => Tensor::from_slice(&[0_i64]).view(size.as_slice()),
    }
}

/// Images of the given key, shape and scale, as a tensor on the device of the running test.
pub fn images(seed: u64, key: &str, shape: &[usize], scale: f64, kind: Kind) -> Tensor {
    let size: Vec<i64> = shape.iter().map(|&size| size as i64).collect();
    let values = values(seed, key, 0.0, scale, shape.iter().product());
    Tensor::from_slice(&values).view(size.as_slice()).to_kind(kind).to_device(crate::devices::current())
}

/// The images a case's parameter `images` describes: key, shape and scale.
pub fn case_images(case: &Case, kind: Kind) -> Trial<Tensor> {
    let (key, shape, scale) = image_params(case)?;
    Ok(images(case.seed(), &key, &shape, scale, kind))
}

/// Key, shape and scale of the images that a case describes.
pub fn image_params(case: &Case) -> Trial<(String, Vec<usize>, f64)> {
    let params = case.param("images")?;
    let wrong = || Failure::new("images needs key, shape and scale").at(case.name());
    let key = params["key"].as_str().ok_or_else(wrong)?.to_owned();
    let shape = params["shape"].as_array().ok_or_else(wrong)?;
    let shape: Option<Vec<usize>> =
        shape.iter().map(|size| size.as_u64().map(|size| size as usize)).collect();
    Ok((key, shape.ok_or_else(wrong)?, params["scale"].as_f64().ok_or_else(wrong)?))
}

/// Checks the `generator` case: the first values of each named weight and of the images, bit for bit.
pub fn check(case: &Case) -> Trial<usize> {
    for (output, rule) in case.outputs() {
        let name = output.strip_prefix("out.").unwrap_or(output);
        let stored = case.stored(output)?;
        let values = if name == "images" {
            let (key, shape, scale) = image_params(case)?;
            values(case.seed(), &key, 0.0, scale, shape.iter().product())
        } else {
            let shape = published_shape(name, case.count("num_classes")?)?;
            let all = weight(case.seed(), "", name, &shape).unwrap_or_default();
            all.into_iter().take(rule.spec.shape.iter().product()).collect()
        };
        let actual = Actual::new(stored.shape(), values.iter().map(|&value| f64::from(value)).collect());
        case.compare(output, &actual)?;
    }
    Ok(case.outputs().len())
}

/// Shapes of the entries the `generator` case names, those of the published ResNet-50.
fn published_shape(name: &str, classes: usize) -> Trial<Vec<usize>> {
    match name {
        "base.0.weight" => Ok(vec![64, 3, 7, 7]),
        "base.1.running_var" => Ok(vec![64]),
        "feat_bn.bias" => Ok(vec![2048]),
        "classifier.weight" => Ok(vec![classes, 2048]),
        _ => Err(Failure::new(format!("no shape is known for {name}"))),
    }
}
