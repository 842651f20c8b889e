//! Group `transforms`: bicubic resize, flip, pad-and-crop, normalisation, random erasing (D26 … D28).

use mmt::data::resize::resize;
use mmt::data::{
    DecodedImage, ImageSize, RandomErasing, Rectangle, TrainDraws, TrainTransform, decode, transforms as fast,
};
use mmt_testkit::golden::Case;
use mmt_testkit::{Actual, Failure, Trial};

use mmt_reference::data::image::{Pixels, Planes};
use mmt_reference::data::{random_erasing, transforms as reference};

use super::run::{Run, Side};
use super::unknown_function;

/// Runs a case of the group `transforms`.
pub fn transforms(run: &mut Run) -> Trial {
    match run.case.function() {
        "torchvision Resize(interpolation=3) on a PIL image" => resized(run),
        "Resize + ToTensor + Normalize as in examples/" => test_transform(run),
        "torchvision RandomHorizontalFlip(p=1)" => flip(run),
        "torchvision Pad(10) + RandomCrop" => pad_and_crop(run),
        "mmt.utils.data.transforms.RandomErasing" => erasing(run),
        "the training transform of examples/ with fixed draws" => train_transform(run),
        _ => unknown_function(run),
    }
}

/// The fast code has one width here: u8 pixels in, f32 out.
const FAST: Side = Side::Single;

fn bytes(size: ImageSize, pixels: &[u8]) -> Actual {
    Actual::new(&[size.height, size.width, 3], pixels.iter().map(|&value| f64::from(value)).collect())
}

fn planes(size: ImageSize, values: &[f32]) -> Actual {
    Actual::new(&[3, size.height, size.width], values.iter().map(|&value| f64::from(value)).collect())
}

fn image(case: &Case) -> Trial<DecodedImage> {
    let path = case.files().next().ok_or_else(|| Failure::new("the case names no image"))?;
    Ok(decode(&path)?)
}

fn size_of(case: &Case) -> Trial<ImageSize> {
    Ok(ImageSize { height: case.count("height")?, width: case.count("width")? })
}

/// The sizes to resize to are in the names of the outputs: `resized_HxW`.
fn resized(run: &mut Run) -> Trial {
    let image = image(run.case)?;
    let names: Vec<String> =
        run.case.outputs().keys().filter_map(|name| Some(name.split_once('.')?.1.to_owned())).collect();
    for name in names {
        let size = name.strip_prefix("resized_").and_then(|size| size.split_once('x'));
        let (height, width) = size.ok_or_else(|| Failure::new(format!("{name} is no resize")))?;
        let size = ImageSize { height: height.parse()?, width: width.parse()? };
        run.compare(FAST, &name, bytes(size, &resize(&image, size)?))?;
        let found = mmt_reference::data::resize::resize(&reference_pixels(&image)?, size.height, size.width)?;
        run.compare(Side::Reference, &name, bytes(size, found.values()))?;
    }
    Ok(())
}

fn test_transform(run: &mut Run) -> Trial {
    let (image, size) = (image(run.case)?, size_of(run.case)?);
    let mut out = vec![0.0; size.values()];
    fast::normalize(&resize(&image, size)?, &mut out);
    run.compare(FAST, "image", planes(size, &out))?;
    let found = reference::test_transform(&reference_pixels(&image)?, size.height, size.width)?;
    run.compare(Side::Reference, "image", reference_planes(&found))
}

fn reference_pixels(image: &DecodedImage) -> Trial<Pixels> {
    Ok(Pixels::new(image.size.height, image.size.width, image.pixels.clone())?)
}

fn reference_planes(planes: &Planes) -> Actual {
    Actual::new(&[3, planes.height(), planes.width()], planes.values().to_vec())
}

/// A u8 input `[H, W, 3]`.
fn pixels(case: &Case) -> Trial<(Vec<u8>, ImageSize)> {
    let stored = case.input("image")?;
    let [height, width, 3] = stored.shape()[..] else {
        return Err(Failure::new(format!("{:?} is not [H, W, 3]", stored.shape())));
    };
    Ok((stored.bytes()?.to_vec(), ImageSize { height, width }))
}

fn flip(run: &mut Run) -> Trial {
    let (pixels, size) = pixels(run.case)?;
    run.compare(FAST, "image", bytes(size, &fast::flip(&pixels, size)))?;
    let found = reference::flip(&Pixels::new(size.height, size.width, pixels)?)?;
    run.compare(Side::Reference, "image", bytes(size, found.values()))
}

fn pad_and_crop(run: &mut Run) -> Trial {
    let (pixels, size) = pixels(run.case)?;
    let case = run.case;
    let (pad, top, left) = (case.count("pad")?, case.count("top")?, case.count("left")?);
    run.compare(FAST, "image", bytes(size, &fast::pad_and_crop(&pixels, size, pad, top, left)))?;
    let found = reference::pad_and_crop(&Pixels::new(size.height, size.width, pixels)?, pad, top, left)?;
    run.compare(Side::Reference, "image", bytes(size, found.values()))
}

/// The draws of a case in the order of the rule: the uniform ones, then the whole ones.
fn draws(case: &Case) -> Trial<Vec<f64>> {
    let mut draws = case.input("uniform")?.floats();
    draws.extend(case.input("integer")?.floats());
    Ok(draws)
}

fn settings(case: &Case) -> Trial<RandomErasing> {
    let value: Vec<f32> = serde_json::from_value(case.param("value")?.clone())?;
    Ok(RandomErasing {
        probability: case.number("probability")?,
        min_area: case.number("sl")?,
        max_area: case.number("sh")?,
        min_ratio: case.number("r1")?,
        value: value.try_into().map_err(|_| Failure::new("the value has three channels"))?,
    })
}

/// Draws from a list; a draw beyond its end would be a draw published did not make.
fn exactly_drawn<T>(draws: &[f64], rule: impl FnOnce(&mut dyn FnMut() -> f64) -> Trial<T>) -> Trial<T> {
    let mut left = draws.iter();
    let mut missing = false;
    let result = rule(&mut || {
        left.next().copied().unwrap_or_else(|| {
            missing = true;
            0.0
        })
    });
    if missing { Err(Failure::new("more draws than published makes")) } else { result }
}

fn rectangle(erasing: &RandomErasing, size: ImageSize, draws: &[f64]) -> Trial<Option<Rectangle>> {
    exactly_drawn(draws, |draw| Ok(erasing.draw(size, draw)))
}

fn erasing(run: &mut Run) -> Trial {
    let stored = run.case.input("image")?;
    let [3, height, width] = stored.shape()[..] else {
        return Err(Failure::new(format!("{:?} is not [3, H, W]", stored.shape())));
    };
    let (size, erasing) = (ImageSize { height, width }, settings(run.case)?);
    let mut image: Vec<f32> = stored.floats().iter().map(|&value| value as f32).collect();
    let rectangle = rectangle(&erasing, size, &draws(run.case)?)?;
    if let Some(rectangle) = rectangle {
        erasing.erase(&mut image, size, rectangle);
    }
    let corners = rectangle.map_or([0; 4], |r| [r.top, r.left, r.height, r.width]);
    run.compare(FAST, "image", planes(size, &image))?;
    run.compare(FAST, "rectangle", &corners[..])?;
    let found = reference_rectangle(&erasing, size, &draws(run.case)?)?;
    let mut image = Planes::new(height, width, run.case.input("image")?.floats())?;
    if let Some(rectangle) = found {
        image = random_erasing::erase(&image, rectangle, written(&erasing))?;
    }
    let corners = found.map_or([0; 4], |r| [r.top, r.left, r.height, r.width]);
    run.compare(Side::Reference, "image", reference_planes(&image))?;
    run.compare(Side::Reference, "rectangle", &corners[..])
}

/// The values that are written, as the f32 numbers they are in the image.
fn written(erasing: &RandomErasing) -> [f64; 3] {
    erasing.value.map(f64::from)
}

fn reference_rectangle(
    erasing: &RandomErasing,
    size: ImageSize,
    draws: &[f64],
) -> Trial<Option<random_erasing::Rectangle>> {
    let settings = random_erasing::Erasing {
        probability: erasing.probability,
        min_area: erasing.min_area,
        max_area: erasing.max_area,
        min_ratio: erasing.min_ratio,
    };
    exactly_drawn(draws, |draw| Ok(random_erasing::rectangle(size.height, size.width, &settings, draw)?))
}

fn train_transform(run: &mut Run) -> Trial {
    let case = run.case;
    let (image, size) = (image(case)?, size_of(case)?);
    let wanted = "resize, flip, pad, crop, to tensor, normalise, erase";
    run.equal(FAST, "order", case.text("order")?, wanted)?;
    let erasing = RandomErasing::default();
    let given = draws(case)?;
    let erased = rectangle(&erasing, size, &given)?;
    let transform = TrainTransform { size, flip_probability: 0.5, pad: 10, erasing: Some(erasing) };
    let draws =
        TrainDraws { flip: case.flag("flip")?, top: case.count("top")?, left: case.count("left")?, erased };
    let mut out = vec![0.0; size.values()];
    transform.apply(&resize(&image, size)?, &draws, &mut out);
    run.compare(FAST, "image", planes(size, &out))?;
    run.equal(Side::Reference, "order", case.text("order")?, wanted)?;
    let settings = RandomErasing::default();
    let erased = reference_rectangle(&settings, size, &given)?.map(|r| (r, written(&settings)));
    let view = reference::View { flip: draws.flip, pad: 10, top: draws.top, left: draws.left, erased };
    let found = reference::train_transform(&reference_pixels(&image)?, size.height, size.width, &view)?;
    run.compare(Side::Reference, "image", reference_planes(&found))
}
