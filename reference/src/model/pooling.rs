//! D29: the max-pool of the stem and the mean over the last feature map.

use super::volume::Volume;
use crate::error::{InvalidInput, Result};
use crate::matrix::Matrix;

/// Side, stride and padding of the max-pool.
const SIDE: usize = 3;
const STRIDE: usize = 2;
const PADDING: usize = 1;

/// Max-pool (D29): the largest of 3×3 values at stride 2; places outside the input do not take part. Also
/// gives the flat index of each chosen value, the first among equal ones.
pub fn max_pool(x: &Volume) -> Result<(Volume, Vec<usize>)> {
    let [images, channels, height, width] = x.shape();
    check_pixels(x)?;
    let side = |inputs: usize| (inputs + 2 * PADDING - SIDE) / STRIDE + 1;
    let mut y = Volume::zeros([images, channels, side(height), side(width)]);
    let mut chosen = Vec::new();
    for b in 0..images {
        for channel in 0..channels {
            let start = (b * channels + channel) * height * width;
            for r in 0..side(height) {
                for c in 0..side(width) {
                    chosen.push(start + largest_in_window(x.plane(b, channel), (height, width), (r, c)));
                }
            }
        }
    }
    for (output, &at) in y.values_mut().iter_mut().zip(&chosen) {
        *output = x.values()[at];
    }
    Ok((y, chosen))
}

fn largest_in_window(plane: &[f64], (height, width): (usize, usize), (r, c): (usize, usize)) -> usize {
    let range = |place: usize, side: usize| {
        let start = place * STRIDE;
        start.saturating_sub(PADDING)..(start + SIDE - PADDING).min(side)
    };
    let mut largest = range(r, height).start * width + range(c, width).start;
    for y in range(r, height) {
        for x in range(c, width) {
            if plane[y * width + x] > plane[largest] {
                largest = y * width + x;
            }
        }
    }
    largest
}

/// Gradient of [`max_pool`]: each output passes its own to the value it chose.
pub fn max_pool_backward(shape: [usize; 4], chosen: &[usize], gradient: &Volume) -> Result<Volume> {
    if chosen.len() != gradient.values().len() {
        let (expected, found) = (format!("{} values", chosen.len()), format!("{:?}", gradient.shape()));
        return Err(InvalidInput::Shape { what: "gradient", expected, found });
    }
    let mut passed = Volume::zeros(shape);
    for (&at, g) in chosen.iter().zip(gradient.values()) {
        passed.values_mut()[at] += g;
    }
    Ok(passed)
}

/// Mean over height and width (D29): `[B, C, H, W]` to `[B, C]`, the pooled features.
pub fn mean_pool(x: &Volume) -> Result<Matrix> {
    check_pixels(x)?;
    let pixels = x.pixels() as f64;
    Ok(Matrix::from_fn(x.shape()[0], x.shape()[1], |b, c| x.plane(b, c).iter().sum::<f64>() / pixels))
}

/// Gradient of [`mean_pool`] for an input of `shape`: the same share for each pixel.
pub fn mean_pool_backward(shape: [usize; 4], gradient: &Matrix) -> Result<Volume> {
    if [gradient.rows(), gradient.columns()] != shape[..2] {
        let expected = format!("{:?}", &shape[..2]);
        let found = format!("[{}, {}]", gradient.rows(), gradient.columns());
        return Err(InvalidInput::Shape { what: "gradient", expected, found });
    }
    let mut passed = Volume::zeros(shape);
    let pixels = passed.pixels() as f64;
    for b in 0..shape[0] {
        for c in 0..shape[1] {
            passed.plane_mut(b, c).fill(gradient[(b, c)] / pixels);
        }
    }
    Ok(passed)
}

fn check_pixels(x: &Volume) -> Result<()> {
    if x.values().is_empty() {
        return Err(InvalidInput::Empty { what: "a feature map" });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_windows_overlap_and_the_first_of_equals_is_chosen() {
        let x = Volume::new([1, 1, 3, 4], vec![1., 5., 2., 7., 5., 0., 9., 3., 4., 4., 1., 9.]).unwrap();
        let (y, chosen) = max_pool(&x).unwrap();
        assert_eq!((y.shape(), y.values()), ([1, 1, 2, 2], &[5.0, 9.0, 5.0, 9.0][..]));
        assert_eq!(chosen, [1, 6, 4, 6]);
        let g = Volume::new([1, 1, 2, 2], vec![1.0, 10.0, 100.0, 1000.0]).unwrap();
        let passed = max_pool_backward(x.shape(), &chosen, &g).unwrap();
        assert_eq!(passed.values(), [0., 1., 0., 0., 100., 0., 1010., 0., 0., 0., 0., 0.]);
    }

    #[test]
    fn negative_values_are_not_beaten_by_the_padding() {
        let (y, _) = max_pool(&Volume::new([1, 1, 1, 1], vec![-3.0]).unwrap()).unwrap();
        assert_eq!(y.values(), [-3.0]);
    }

    #[test]
    fn the_mean_and_its_gradient() {
        let x = Volume::new([1, 2, 1, 2], vec![1.0, 3.0, 10.0, 20.0]).unwrap();
        let mean = mean_pool(&x).unwrap();
        assert_eq!(mean.values(), [2.0, 15.0]);
        assert_eq!(mean_pool_backward(x.shape(), &mean).unwrap().values(), [1.0, 1.0, 7.5, 7.5]);
        assert!(matches!(mean_pool(&Volume::zeros([1, 2, 0, 2])), Err(InvalidInput::Empty { .. })));
    }
}
