//! From an image file of any colour type to RGB pixels.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageFormat, ImageReader};
use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// Height and width of an image in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageSize {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl ImageSize {
    /// Number of values of an RGB image of this size.
    pub fn values(self) -> usize {
        self.height * self.width * 3
    }
}

/// RGB pixels as they stand in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedImage {
    /// Their size.
    pub size: ImageSize,
    /// u8 `[H, W, 3]`.
    pub pixels: Vec<u8>,
}

/// Decodes a JPEG or PNG file, told by its content and not by its name. Grey, palette, CMYK and 16-bit images become
/// 8-bit RGB; an alpha channel is dropped.
///
/// # Errors
/// A file that cannot be read, is empty, truncated, or no such image: never a silently grey or black image.
pub fn decode(path: &Path) -> Result<DecodedImage> {
    let bytes = fs::read(path).map_err(Error::io("read", path))?;
    let image = DynamicImage::from_decoder(decoder(path, &bytes)?).map_err(undecodable(path))?.into_rgb8();
    let size = ImageSize { height: image.height() as usize, width: image.width() as usize };
    if size.values() == 0 {
        return Err(Error::file(path, "the image has no pixels"));
    }
    Ok(DecodedImage { size, pixels: image.into_raw() })
}

/// The traits of a decoded image file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageLook {
    /// Its size.
    pub size: ImageSize,
    /// Its departure from 8-bit RGB, such as `grey`; none for most images.
    pub oddity: Option<&'static str>,
    /// Beginning of the SHA-256 of the file.
    pub digest: [u8; 16],
}

/// Decodes a file as [`decode`] does and says what it is like.
///
/// # Errors
/// Those of [`decode`].
pub fn look_at(path: &Path) -> Result<ImageLook> {
    let bytes = fs::read(path).map_err(Error::io("read", path))?;
    let decoder = decoder(path, &bytes)?;
    let oddity = oddity(decoder.original_color_type());
    let image = DynamicImage::from_decoder(decoder).map_err(undecodable(path))?;
    let size = ImageSize { height: image.height() as usize, width: image.width() as usize };
    let mut digest = [0; 16];
    digest.copy_from_slice(&Sha256::digest(&bytes)[..16]);
    Ok(ImageLook { size, oddity, digest })
}

fn oddity(colour: ExtendedColorType) -> Option<&'static str> {
    match colour {
        ExtendedColorType::Rgb8 => None,
        ExtendedColorType::L8 | ExtendedColorType::L1 | ExtendedColorType::L2 | ExtendedColorType::L4 => {
            Some("grey")
        }
        ExtendedColorType::La8 | ExtendedColorType::Rgba8 => Some("with an alpha channel"),
        ExtendedColorType::Cmyk8 => Some("CMYK"),
        ExtendedColorType::L16
        | ExtendedColorType::La16
        | ExtendedColorType::Rgb16
        | ExtendedColorType::Rgba16 => Some("of 16 bits"),
        _ => Some("of another colour type"),
    }
}

fn undecodable(path: &Path) -> impl FnOnce(image::ImageError) -> Error {
    move |error| Error::file(path, format!("the image cannot be decoded: {error}"))
}

/// The decoder that fits the content.
fn decoder<'a>(path: &Path, bytes: &'a [u8]) -> Result<impl ImageDecoder + 'a> {
    if bytes.is_empty() {
        return Err(Error::file(path, "the image file is empty (0 bytes)"));
    }
    let format = image::guess_format(bytes).map_err(|_| Error::file(path, "not a JPEG or PNG image"))?;
    // The JPEG decoder fills what a truncated file does not hold with grey.
    if format == ImageFormat::Jpeg && !reaches_end_marker(bytes) {
        return Err(Error::file(path, "the image is truncated: its JPEG data stop before the end marker"));
    }
    let decoder =
        ImageReader::with_format(Cursor::new(bytes), format).into_decoder().map_err(undecodable(path))?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        let size = format!("{width} x {height} pixels, more than {MOST_PIXELS}");
        return Err(Error::file(
            path,
            format!("the image has {size}: no image of a person; cut the person out"),
        ));
    }
    Ok(decoder)
}

/// Pixels that an image of a person may have, with room to spare. A file of a megabyte may hold a billion, and then ask for more memory than
/// there is.
const MOST_PIXELS: u64 = 1 << 26;

const END_OF_IMAGE: u8 = 0xD9;

/// True when the markers of a JPEG lead to its end marker. Segments are stepped over by their length (a thumbnail in one
/// has an end marker of its own); in the coded data, 0xFF is a marker unless 0 or a restart number follows.
fn reaches_end_marker(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let (Some(&first), Some(&marker)) = (bytes.get(at), bytes.get(at + 1)) {
        match (first, marker) {
            (0xFF, END_OF_IMAGE) => return true,
            (0xFF, 0xC0..=0xCF | 0xDA..=0xFE) => match (bytes.get(at + 2), bytes.get(at + 3)) {
                (Some(&high), Some(&low)) => at += 2 + usize::from(u16::from_be_bytes([high, low])),
                _ => return false,
            },
            // Coded data, a stuffed 0, a restart marker, a fill byte.
            _ => at += 1,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use image::{ImageBuffer, Luma, Rgb, Rgba};

    use super::*;

    fn gradient() -> ImageBuffer<Rgb<u8>, Vec<u8>> {
        ImageBuffer::from_fn(16, 24, |x, y| Rgb([(x * 15) as u8, (y * 10) as u8, 77]))
    }

    fn jpeg_bytes() -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        gradient().write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    }

    fn decode_bytes(bytes: &[u8]) -> Result<DecodedImage> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("0001_c1s1_000001_00.jpg");
        fs::write(&path, bytes).unwrap();
        let result = decode(&path);
        if let Err(error) = &result {
            assert!(error.to_string().contains("0001_c1s1_000001_00.jpg"), "{error}");
        }
        result
    }

    #[test]
    fn a_jpeg_cut_anywhere_is_an_error() {
        let bytes = jpeg_bytes();
        let whole = decode_bytes(&bytes).unwrap();
        assert_eq!((whole.size.height, whole.size.width), (24, 16));
        for length in 0..bytes.len() {
            assert!(decode_bytes(&bytes[..length]).is_err(), "{length} of {} bytes", bytes.len());
        }
    }

    #[test]
    fn bytes_after_the_end_marker_do_no_harm() {
        let mut bytes = jpeg_bytes();
        bytes.extend([0; 100]);
        assert!(decode_bytes(&bytes).is_ok());
    }

    #[test]
    fn the_end_marker_of_a_thumbnail_is_not_the_end() {
        let mut bytes = jpeg_bytes();
        bytes.truncate(bytes.len() - 2);
        let thumbnail = [0xFF, 0xE1, 0, 6, 0xFF, 0xD9, 0xFF, 0xD9];
        bytes.splice(2..2, thumbnail);
        assert!(!reaches_end_marker(&bytes));
        bytes.extend([0xFF, 0xD9]);
        assert!(reaches_end_marker(&bytes));
    }

    #[test]
    fn a_png_cut_short_is_an_error() {
        let mut bytes = Cursor::new(Vec::new());
        gradient().write_to(&mut bytes, ImageFormat::Png).unwrap();
        let bytes = bytes.into_inner();
        assert!(decode_bytes(&bytes).is_ok());
        assert!(decode_bytes(&bytes[..bytes.len() / 2]).is_err());
    }

    #[test]
    fn an_image_of_more_pixels_than_memory_holds_is_refused_by_its_head() {
        let mut bytes = Cursor::new(Vec::new());
        gradient().write_to(&mut bytes, ImageFormat::Png).unwrap();
        let mut bytes = bytes.into_inner();
        // Width and height of a PNG stand at 16, the checksum over them and the 13 bytes of their chunk at 29.
        for (width, height, refused) in
            [(60_000_u32, 60_000_u32, true), (1 << 13, (1 << 13) + 1, true), (16, 24, false)]
        {
            bytes[16..20].copy_from_slice(&width.to_be_bytes());
            bytes[20..24].copy_from_slice(&height.to_be_bytes());
            let sum = crc32fast::hash(&bytes[12..29]);
            bytes[29..33].copy_from_slice(&sum.to_be_bytes());
            let found = decode_bytes(&bytes);
            assert_eq!(
                found.is_err_and(|error| error.to_string().contains("pixels")),
                refused,
                "{width} x {height}"
            );
        }
    }

    #[test]
    fn every_colour_type_becomes_rgb() {
        let rgb = gradient();
        let grey = DynamicImage::ImageRgb8(rgb.clone()).into_luma8();
        let wide = ImageBuffer::from_fn(16, 24, |x, y| Luma([u16::from(grey.get_pixel(x, y)[0]) * 257]));
        let see_through = ImageBuffer::from_fn(16, 24, |x, y| {
            let Rgb([r, g, b]) = *rgb.get_pixel(x, y);
            Rgba([r, g, b, 9])
        });
        let grey_rgb = DynamicImage::ImageLuma8(grey.clone()).into_rgb8().into_raw();
        for (image, expected) in [
            (DynamicImage::ImageLuma8(grey), &grey_rgb),
            (DynamicImage::ImageLuma16(wide), &grey_rgb),
            (DynamicImage::ImageRgba8(see_through), rgb.as_raw()),
        ] {
            let mut bytes = Cursor::new(Vec::new());
            image.write_to(&mut bytes, ImageFormat::Png).unwrap();
            assert_eq!(&decode_bytes(&bytes.into_inner()).unwrap().pixels, expected);
        }
    }

    #[test]
    fn what_is_no_image_is_refused() {
        assert!(decode_bytes(b"").unwrap_err().to_string().contains("empty"));
        assert!(decode_bytes(b"GIF89a").is_err());
        assert!(decode_bytes(b"not an image").is_err());
        assert!(decode_bytes(&[0xFF, 0xD8, 0xFF, 0xD9]).is_err());
        assert!(decode(Path::new("no/such/file.jpg")).unwrap_err().to_string().contains("no/such/file.jpg"));
    }
}
