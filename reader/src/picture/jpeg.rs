//! The few facts of a JPEG that stand in its header: size, colours, resolution.

use super::sensible_dpi;

/// What the header of a JPEG says.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Header {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// 1 for grey, 3 for colour, 4 for printing inks.
    pub(crate) components: u8,
    /// Whether a program of Adobe wrote it, which stores printing inks inverted.
    pub(crate) adobe: bool,
    pub(crate) dpi: Option<(f32, f32)>,
}

/// Width and height; the largest of several headers, since a thumbnail has one too.
pub(crate) fn size(data: &[u8]) -> Option<(u32, u32)> {
    header(data).map(|header| (header.width, header.height))
}

/// Reads the header; none if there is none before the picture's data.
pub(crate) fn header(data: &[u8]) -> Option<Header> {
    let mut found = Header::default();
    let mut density = None;
    let mut rest = data.strip_prefix(&[0xFF, 0xD8])?;
    loop {
        // Markers may be preceded by fill bytes, and broken files have other bytes between segments.
        let start = rest.windows(2).position(|pair| matches!(pair, [0xFF, 0x01..=0xFE]))?;
        let marker = *rest.get(start + 1)?;
        rest = rest.get(start + 2..)?;
        if matches!(marker, 0xD0..=0xD8 | 0x01) {
            continue;
        }
        let length = usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?]));
        let body = rest.get(2..length.max(2).min(rest.len())).unwrap_or_default();
        match (marker, body) {
            (0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF, [_, a, b, c, d, components, ..]) => {
                found.height = u32::from(u16::from_be_bytes([*a, *b]));
                found.width = u32::from(u16::from_be_bytes([*c, *d]));
                found.components = *components;
                found.dpi =
                    density.and_then(|(across, down)| sensible_dpi(across, down, found.width, found.height));
                return Some(found);
            }
            (0xE0, [b'J', b'F', b'I', b'F', 0, _, _, unit @ 1..=2, a, b, c, d, ..]) => {
                let factor = if *unit == 1 { 1.0 } else { 2.54 };
                density = Some((
                    f32::from(u16::from_be_bytes([*a, *b])) * factor,
                    f32::from(u16::from_be_bytes([*c, *d])) * factor,
                ));
            }
            (0xEE, [b'A', b'd', b'o', b'b', b'e', ..]) => found.adobe = true,
            (0xD9 | 0xDA, _) => return None,
            _ => {}
        }
        rest = rest.get(length.max(2).min(rest.len())..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_colours_and_resolution_are_read() {
        let mut data = vec![0xFF, 0xD8, 0xFF, 0xE0, 0, 16];
        data.extend(b"JFIF\0\x01\x02\x01\x00\xC8\x00\xC8\0\0");
        data.extend([0xFF, 0xEE, 0, 14]);
        data.extend(b"Adobe\0\0\0\0\0\0\0");
        data.extend([
            0xFF, 0xFF, 0xC2, 0, 17, 8, 0x08, 0x98, 0x06, 0xA4, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1,
        ]);
        let expected =
            Header { width: 1700, height: 2200, components: 3, adobe: true, dpi: Some((200.0, 200.0)) };
        assert_eq!(header(&data), Some(expected));
        assert_eq!(header(&data[..30]), None);
        assert_eq!(header(b"\xFF\xD8\xFF\xDA\0\x02"), None);
    }
}
