//! Weighs the streams of an opened PDF: what they unpack to, and how large the pictures among them say they are.
//!
//! A picture states its size up to three times: in its dictionary, in the parameters of its filter, and in its own
//! header. The decoder believes one or the other, so the largest counts.

use hayro::hayro_syntax::{
    Filter, Pdf,
    object::{Dict, Object, Stream},
};

use super::{unpack::Budget, unpacks_to_too_much};
use crate::{limits::Limits, model::Finding, picture::jpeg};

/// Checks every stream of a file.
pub(super) fn streams(pdf: &Pdf, limits: &Limits) -> Result<(), Finding> {
    let mut budget = Budget::new(limits.unpacked);
    for object in pdf.objects() {
        if let Object::Stream(stream) = object {
            budget.measure(&stream.raw_data(), &stream.filters()).map_err(|_| unpacks_to_too_much(limits))?;
            if pixels(&stream) > limits.pixels {
                return Err(picture_too_large(limits));
            }
        }
    }
    Ok(())
}

/// The refusal of a picture beyond the limit.
pub(crate) fn picture_too_large(limits: &Limits) -> Finding {
    Finding::TooLarge(format!(
        "it holds a picture of more than {} million pixels; scan it at a lower resolution",
        limits.pixels / 1_000_000
    ))
}

/// Pixels of a stream that is a picture; 0 for others.
pub(super) fn pixels(stream: &Stream<'_>) -> u64 {
    let dict = stream.dict();
    let entry =
        |long: &str, short: &str| u64::from(dict.get::<u32>(long).or_else(|| dict.get(short)).unwrap_or(0));
    let (width, height) = (entry("Width", "W"), entry("Height", "H"));
    let coded = match stream.filters().last() {
        Some(Filter::DctDecode) => jpeg::size(&stream.raw_data()).unwrap_or_default(),
        Some(Filter::JpxDecode) => jpx_size(&stream.raw_data()).unwrap_or_default(),
        Some(Filter::Jbig2Decode) => jbig2_size(&stream.raw_data()).unwrap_or_default(),
        Some(Filter::CcittFaxDecode) => {
            let parameters = dict.get::<Dict<'_>>("DecodeParms").or_else(|| dict.get("DP"));
            let parameters = parameters.or_else(|| {
                let all = dict.get::<hayro::hayro_syntax::object::Array<'_>>("DecodeParms")?;
                all.iter::<Object<'_>>().last()?.into_dict()
            });
            let columns = parameters.and_then(|found| found.get::<u32>("Columns")).unwrap_or(1728);
            (columns, dict.get::<u32>("Height").or_else(|| dict.get("H")).unwrap_or(0))
        }
        _ => (0, 0),
    };
    (width * height).max(u64::from(coded.0) * u64::from(coded.1))
}

/// Size in the header of a JPEG 2000 picture: in the box `ihdr`, or in the marker SIZ of the bare code.
fn jpx_size(data: &[u8]) -> Option<(u32, u32)> {
    let siz = super::before::find(data, &[0xFF, 0x4F, 0xFF, 0x51])?;
    let area = data.get(siz + 8..siz + 24)?;
    let number = |at: usize| Some(u32::from_be_bytes(area.get(at..at + 4)?.try_into().ok()?));
    Some((number(0)?.saturating_sub(number(8)?), number(4)?.saturating_sub(number(12)?)))
}

/// Size in the page segment of a JBIG2 picture, which stands first.
fn jbig2_size(data: &[u8]) -> Option<(u32, u32)> {
    let [.., flags] = *data.get(..5)? else { return None };
    if flags & 0x3F != 48 {
        return None;
    }
    let start = if flags & 0x40 == 0 { 11 } else { 14 };
    let number = |at: usize| Some(u32::from_be_bytes(data.get(at..at + 4)?.try_into().ok()?));
    let height = number(start + 4)?;
    Some((number(start)?, if height == u32::MAX { 0 } else { height }))
}
