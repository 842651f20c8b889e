//! D29: the convolution of the residual network, without bias.

use super::volume::Volume;
use crate::error::{InvalidInput, Result};

/// A kernel `[outputs, inputs, side, side]` with its stride and zero padding.
#[derive(Debug, Clone, Copy)]
pub struct Kernel<'a> {
    /// Weights, row-major.
    pub weight: &'a [f64],
    /// `[outputs, inputs, side, side]`.
    pub shape: [usize; 4],
    /// Steps of the window, both ways.
    pub stride: usize,
    /// Zeros around the input, on all sides.
    pub padding: usize,
}

/// Convolution (D29): `y[b, o, r, c] = Σ_i Σ_u Σ_v w[o, i, u, v] · x[b, i, s·r + u − p, s·c + v − p]`, where
/// places outside the input are zero. Output sides: `(side_in + 2p − k) / s + 1`, rounded down.
pub fn convolve(x: &Volume, kernel: &Kernel) -> Result<Volume> {
    let [images, _, height, width] = x.shape();
    let (rows, columns) = (output_side(height, kernel)?, output_side(width, kernel)?);
    check(x, kernel)?;
    let pairs = pairs([rows, columns], [height, width], kernel);
    let mut y = Volume::zeros([images, kernel.shape[0], rows, columns]);
    for b in 0..images {
        each_weight(kernel, |at, o, i, place| {
            let (weight, input, output) = (kernel.weight[at], x.plane(b, i), y.plane_mut(b, o));
            for &(to, from) in &pairs[place] {
                output[to] += weight * input[from];
            }
        });
    }
    Ok(y)
}

/// Gradients with respect to the input and the weights of [`convolve`], given that with respect to its
/// output: every product `w · x` of the sum passes `g · w` to the input and `g · x` to the weight.
pub fn convolve_backward(x: &Volume, kernel: &Kernel, gradient: &Volume) -> Result<(Volume, Vec<f64>)> {
    let [images, _, height, width] = x.shape();
    let (rows, columns) = (output_side(height, kernel)?, output_side(width, kernel)?);
    check(x, kernel)?;
    gradient.check_shape([images, kernel.shape[0], rows, columns], "gradient")?;
    let pairs = pairs([rows, columns], [height, width], kernel);
    let (mut to_input, mut to_weight) = (Volume::zeros(x.shape()), vec![0.0; kernel.weight.len()]);
    for b in 0..images {
        each_weight(kernel, |at, o, i, place| {
            let (g, input, passed) = (gradient.plane(b, o), x.plane(b, i), to_input.plane_mut(b, i));
            let mut sum = 0.0;
            for &(to, from) in &pairs[place] {
                passed[from] += g[to] * kernel.weight[at];
                sum += g[to] * input[from];
            }
            to_weight[at] += sum;
        });
    }
    Ok((to_input, to_weight))
}

/// Calls `f(flat index, output, input, place in the square)` for every weight.
fn each_weight(kernel: &Kernel, mut f: impl FnMut(usize, usize, usize, usize)) {
    let [outputs, inputs, side_r, side_c] = kernel.shape;
    let mut at = 0;
    for o in 0..outputs {
        for i in 0..inputs {
            for place in 0..side_r * side_c {
                f(at, o, i, place);
                at += 1;
            }
        }
    }
}

/// For each place (u, v) of the kernel, row-major, the pixels it connects: (output (r, c), input (s·r + u − p, s·c + v − p)) as
/// flat indices of their planes. What lies in the padding is left out.
fn pairs(outputs: [usize; 2], inputs: [usize; 2], kernel: &Kernel) -> Vec<Vec<(usize, usize)>> {
    let inside = |place: usize, offset: usize, side: usize| {
        (kernel.stride * place + offset).checked_sub(kernel.padding).filter(|from| *from < side)
    };
    let mut all = Vec::new();
    for u in 0..kernel.shape[2] {
        for v in 0..kernel.shape[3] {
            let mut connected = Vec::new();
            for (r, c) in (0..outputs[0]).flat_map(|r| (0..outputs[1]).map(move |c| (r, c))) {
                if let (Some(row), Some(column)) = (inside(r, u, inputs[0]), inside(c, v, inputs[1])) {
                    connected.push((r * outputs[1] + c, row * inputs[1] + column));
                }
            }
            all.push(connected);
        }
    }
    all
}

fn output_side(side: usize, kernel: &Kernel) -> Result<usize> {
    if kernel.stride == 0 {
        return Err(InvalidInput::Parameter { what: "stride", value: 0.0, allowed: "at least 1" });
    }
    match (side + 2 * kernel.padding).checked_sub(kernel.shape[2]) {
        Some(rest) => Ok(rest / kernel.stride + 1),
        None => Err(InvalidInput::TooFewSamples {
            what: "pixels along a side of a feature map",
            needed: kernel.shape[2] - 2 * kernel.padding,
            found: side,
        }),
    }
}

fn check(x: &Volume, kernel: &Kernel) -> Result<()> {
    let [_, inputs, side, other] = kernel.shape;
    if x.shape()[1] != inputs
        || side != other
        || kernel.weight.len() != kernel.shape.iter().product::<usize>()
    {
        return Err(InvalidInput::Shape {
            what: "a kernel",
            expected: format!("square, for {} channels", x.shape()[1]),
            found: format!("{:?} with {} weights", kernel.shape, kernel.weight.len()),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::tests::{assert_slope, numbers};

    #[test]
    fn a_kernel_slides_over_a_row() {
        let x = Volume::new([1, 1, 1, 4], vec![1.0, 2.0, 3.0, 4.0]).unwrap();
        let weight = [0.0, 0.0, 0.0, 1.0, 10.0, 100.0, 0.0, 0.0, 0.0];
        let kernel = Kernel { weight: &weight, shape: [1, 1, 3, 3], stride: 1, padding: 1 };
        assert_eq!(convolve(&x, &kernel).unwrap().values(), [210.0, 321.0, 432.0, 43.0]);
        let strided = Kernel { stride: 2, ..kernel };
        assert_eq!(convolve(&x, &strided).unwrap().values(), [210.0, 432.0]);
    }

    #[test]
    fn the_gradients_are_the_slopes_for_each_stride_and_padding() {
        let x = Volume::new([2, 2, 5, 4], numbers(80, 1)).unwrap();
        let shape = [3, 2, 3, 3];
        let weight = numbers(54, 2);
        for (stride, padding) in [(1, 1), (2, 1), (2, 0), (3, 2)] {
            let loss = |x: &Volume, weight: &[f64]| {
                let y = convolve(x, &Kernel { weight, shape, stride, padding }).unwrap();
                y.values().iter().zip(numbers(y.values().len(), 3)).map(|(y, g)| y * g).sum::<f64>()
            };
            let kernel = Kernel { weight: &weight, shape, stride, padding };
            let outputs = convolve(&x, &kernel).unwrap();
            let g = Volume::new(outputs.shape(), numbers(outputs.values().len(), 3)).unwrap();
            let (to_input, to_weight) = convolve_backward(&x, &kernel, &g).unwrap();
            for at in 0..80 {
                let moved = |step: f64| {
                    let mut x = x.clone();
                    x.values_mut()[at] += step;
                    loss(&x, &weight)
                };
                assert_slope(to_input.values()[at], moved, &format!("input {at}"));
            }
            for at in 0..54 {
                let moved = |step: f64| {
                    let mut weight = weight.clone();
                    weight[at] += step;
                    loss(&x, &weight)
                };
                assert_slope(to_weight[at], moved, &format!("weight {at}"));
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let x = Volume::zeros([1, 2, 1, 1]);
        let kernel = |weight, shape| Kernel { weight, shape, stride: 1, padding: 0 };
        let small = convolve(&x, &kernel(&[0.0; 18], [1, 2, 3, 3]));
        assert!(matches!(small, Err(InvalidInput::TooFewSamples { needed: 3, found: 1, .. })));
        assert!(matches!(convolve(&x, &kernel(&[0.0; 3], [1, 3, 1, 1])), Err(InvalidInput::Shape { .. })));
        assert!(matches!(convolve(&x, &kernel(&[0.0; 3], [1, 2, 1, 1])), Err(InvalidInput::Shape { .. })));
    }
}
