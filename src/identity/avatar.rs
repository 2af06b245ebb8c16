//! Pictures of people: what is uploaded is decoded, cropped to a square, and encoded anew, so that nothing of the
//! file (metadata, a payload behind the picture) is passed on.

use crate::workspace::problem::{Code, Problem};
use bytes::Bytes;
use image::{ImageFormat, ImageReader, Limits, imageops::FilterType};
use sha2::{Digest, Sha256};
use std::io::Cursor;

/// Bytes of an upload.
pub const LARGEST_UPLOAD: usize = 1_024 * 1_024;
/// Pixels of an edge.
pub const EDGE: u32 = 128;
/// Pixels of an edge of an upload: a small file can claim to be a huge picture.
const LARGEST_EDGE: u32 = 8_192;

/// The picture as it is kept: PNG, and the hash of it in hexadecimal.
///
/// # Errors
/// `invalid` for what is no PNG, JPEG or WebP, or too large a one.
pub fn prepared(upload: &[u8]) -> Result<(String, Bytes), Problem> {
    let bad = |why: String| Problem::new(Code::Invalid, format!("The picture could not be read: {why}."));
    if upload.len() > LARGEST_UPLOAD {
        return Err(Problem::new(Code::TooLarge, "A picture has at most 1 MiB."));
    }
    let format = image::guess_format(upload).ok();
    if !matches!(format, Some(ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP)) {
        return Err(bad("it is no PNG, JPEG or WebP file".into()));
    }
    let mut reader =
        ImageReader::new(Cursor::new(upload)).with_guessed_format().map_err(|error| bad(error.to_string()))?;
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(LARGEST_EDGE), Some(LARGEST_EDGE));
    limits.max_alloc = Some(256 * 1_024 * 1_024);
    reader.limits(limits);
    let picture = reader.decode().map_err(|error| bad(error.to_string()))?;
    let small = picture.resize_to_fill(EDGE, EDGE, FilterType::CatmullRom).to_rgba8();
    let mut png = Vec::new();
    small.write_to(&mut Cursor::new(&mut png), ImageFormat::Png).map_err(|error| bad(error.to_string()))?;
    let hash = Sha256::digest(&png).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((hash, png.into()))
}
