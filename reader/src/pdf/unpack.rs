//! Unpacks streams into a bounded buffer, only to learn how much they hold.
//!
//! The PDF library unpacks without a limit, and a few kilobytes can hold gigabytes. So every stream is unpacked here
//! first, step by step through its chain of filters, and the document is refused as soon as the sum passes the limit.
//! Only length matters, so damaged data ends a stream quietly, as it does in the library.

use hayro::hayro_syntax::Filter;

/// Most bytes between two filters of one stream.
const MAX_BETWEEN: u64 = 64 * 1024 * 1024;
/// Most filters of one stream. Real files use two.
const MAX_FILTERS: usize = 4;

/// A stream unpacks to more than is left.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooMuch;

/// What is left of the bytes a document may unpack to.
#[derive(Debug)]
pub(super) struct Budget {
    left: u64,
}

impl Budget {
    pub(super) fn new(bytes: u64) -> Self {
        Self { left: bytes }
    }

    /// Takes bytes off.
    pub(super) fn spend(&mut self, bytes: u64) -> Result<(), TooMuch> {
        self.left = self.left.checked_sub(bytes).ok_or(TooMuch)?;
        Ok(())
    }

    /// Runs data through a chain of filters and takes everything it unpacks to off. Filters for pictures end the chain:
    /// what they make is bounded by the size of the picture.
    pub(super) fn measure(&mut self, data: &[u8], filters: &[Filter]) -> Result<(), TooMuch> {
        if filters.len() > MAX_FILTERS {
            return Err(TooMuch);
        }
        let mut held: Option<Vec<u8>> = None;
        for (position, filter) in filters.iter().enumerate() {
            let last = position + 1 == filters.len();
            let cap = if last { self.left } else { self.left.min(MAX_BETWEEN) };
            let input = held.as_deref().unwrap_or(data);
            let mut sink = Sink { length: 0, cap, kept: (!last).then(Vec::new) };
            match filter {
                Filter::FlateDecode => inflate(input, &mut sink)?,
                Filter::LzwDecode => lzw(input, &mut sink)?,
                Filter::RunLengthDecode => run_length(input, &mut sink)?,
                Filter::Ascii85Decode => ascii_85(input, &mut sink)?,
                Filter::AsciiHexDecode => ascii_hex(input, &mut sink)?,
                Filter::Crypt => continue,
                Filter::CcittFaxDecode | Filter::Jbig2Decode | Filter::DctDecode | Filter::JpxDecode => {
                    return Ok(());
                }
            }
            self.spend(sink.length)?;
            held = sink.kept;
        }
        Ok(())
    }
}

/// Counts what is unpacked, and keeps it where a further filter needs it.
struct Sink {
    length: u64,
    cap: u64,
    kept: Option<Vec<u8>>,
}

impl Sink {
    fn push(&mut self, bytes: &[u8]) -> Result<(), TooMuch> {
        self.length += bytes.len() as u64;
        if self.length > self.cap {
            return Err(TooMuch);
        }
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(bytes);
        }
        Ok(())
    }
}

fn inflate(data: &[u8], sink: &mut Sink) -> Result<(), TooMuch> {
    drain(flate2::read::ZlibDecoder::new(data), sink)?;
    if sink.length == 0 {
        // Readers forgive a broken header, so that must not hide anything either.
        drain(flate2::read::DeflateDecoder::new(data.get(2..).unwrap_or_default()), sink)?;
    }
    if sink.length == 0 {
        drain(flate2::read::DeflateDecoder::new(data), sink)?;
    }
    Ok(())
}

fn drain(mut from: impl std::io::Read, sink: &mut Sink) -> Result<(), TooMuch> {
    let mut buffer = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        sink.push(buffer.get(..count).unwrap_or_default())?;
    }
    Ok(())
}

fn lzw(data: &[u8], sink: &mut Sink) -> Result<(), TooMuch> {
    // Both kinds of code widths exist; which one a stream uses stands in its parameters, so the longer result counts.
    let mut other = Sink { length: 0, cap: sink.cap, kept: sink.kept.as_ref().map(|_| Vec::new()) };
    let early = weezl::decode::Decoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8);
    let late = weezl::decode::Decoder::new(weezl::BitOrder::Msb, 8);
    lzw_with(early, data, sink)?;
    lzw_with(late, data, &mut other)?;
    if other.length > sink.length {
        *sink = other;
    }
    Ok(())
}

fn lzw_with(mut decoder: weezl::decode::Decoder, mut data: &[u8], sink: &mut Sink) -> Result<(), TooMuch> {
    let mut buffer = [0; 16 * 1024];
    loop {
        let step = decoder.decode_bytes(data, &mut buffer);
        sink.push(buffer.get(..step.consumed_out).unwrap_or_default())?;
        data = data.get(step.consumed_in..).unwrap_or_default();
        match step.status {
            Ok(weezl::LzwStatus::Ok) if step.consumed_in + step.consumed_out > 0 => {}
            _ => return Ok(()),
        }
    }
}

fn run_length(data: &[u8], sink: &mut Sink) -> Result<(), TooMuch> {
    let mut rest = data;
    while let Some((&length, after)) = rest.split_first() {
        rest = match length {
            128 => return Ok(()),
            0..128 => {
                let (run, after) = after.split_at((usize::from(length) + 1).min(after.len()));
                sink.push(run)?;
                after
            }
            129.. => {
                let Some((&byte, after)) = after.split_first() else { return Ok(()) };
                sink.push([byte; 128].get(..257 - usize::from(length)).unwrap_or_default())?;
                after
            }
        };
    }
    Ok(())
}

fn ascii_hex(data: &[u8], sink: &mut Sink) -> Result<(), TooMuch> {
    let digits =
        data.iter().take_while(|byte| **byte != b'>').filter_map(|byte| char::from(*byte).to_digit(16));
    let digits: Vec<u8> = digits.map(|digit| digit as u8).collect();
    for pair in digits.chunks(2) {
        sink.push(&[pair.iter().fold(0, |byte, digit| byte << 4 | digit)])?;
    }
    Ok(())
}

fn ascii_85(data: &[u8], sink: &mut Sink) -> Result<(), TooMuch> {
    let mut group: Vec<u32> = Vec::with_capacity(5);
    let mut flush = |group: &mut Vec<u32>| {
        let count = group.len().saturating_sub(1);
        group.resize(5, 84);
        let value = group.iter().fold(0_u32, |value, digit| value.wrapping_mul(85).wrapping_add(*digit));
        group.clear();
        sink.push(value.to_be_bytes().get(..count).unwrap_or_default())
    };
    for byte in data {
        match byte {
            b'~' => break,
            b'z' if group.is_empty() => {
                group.resize(5, 0);
                flush(&mut group)?;
            }
            b'!'..=b'u' => {
                group.push(u32::from(byte - b'!'));
                if group.len() == 5 {
                    flush(&mut group)?;
                }
            }
            _ => {}
        }
    }
    if group.is_empty() { Ok(()) } else { flush(&mut group) }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn deflated(data: &[u8]) -> Vec<u8> {
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(data).expect("packed");
        packed.finish().expect("packed")
    }

    fn spent(data: &[u8], filters: &[Filter]) -> Option<u64> {
        let mut budget = Budget::new(1_000_000);
        budget.measure(data, filters).ok()?;
        Some(1_000_000 - budget.left)
    }

    #[test]
    fn every_filter_is_measured_by_what_it_unpacks_to() {
        let plain = b"the same words over and over, the same words over and over".repeat(40);
        let size = plain.len() as u64;
        assert_eq!(spent(&deflated(&plain), &[Filter::FlateDecode]), Some(size));
        let mut headless = deflated(&plain);
        headless[0] = 0xFF;
        assert_eq!(spent(&headless, &[Filter::FlateDecode]), Some(size));
        let packed = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8)
            .encode(&plain)
            .expect("packed");
        assert!(spent(&packed, &[Filter::LzwDecode]) >= Some(size));
        assert_eq!(
            spent(&[2, b'a', b'b', b'c', 255, b'x', 129, b'y', 128, 9, 9], &[Filter::RunLengthDecode]),
            Some(3 + 2 + 128)
        );
        assert_eq!(spent(b"4 1 4>zz", &[Filter::AsciiHexDecode]), Some(2));
        assert_eq!(spent(b"87cURz!!~>", &[Filter::Ascii85Decode]), Some(4 + 4 + 1));
    }

    #[test]
    fn a_chain_counts_every_step() {
        let once = deflated(&[7; 300_000]);
        let twice = deflated(&once);
        let all = 300_000 + once.len() as u64;
        assert_eq!(spent(&twice, &[Filter::FlateDecode, Filter::FlateDecode]), Some(all));
        assert_eq!(spent(&deflated(&[7; 2_000_000]), &[Filter::FlateDecode]), None);
        assert_eq!(spent(b"", &[Filter::FlateDecode; 5]), None);
    }
}
