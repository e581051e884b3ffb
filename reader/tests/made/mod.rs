//! Files for the tests, made here byte by byte.

use std::io::Write as _;

pub(crate) fn deflated(data: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(data).expect("packed");
    packed.finish().expect("packed")
}

/// A PDF of numbered objects, from 1; the first is the catalog.
pub(crate) fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(file.len());
        file.extend(format!("{} 0 obj\n", index + 1).bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let start = file.len();
    file.extend(format!("xref\n0 {}\n0000000000 65535 f \n", offsets.len() + 1).bytes());
    for offset in &offsets {
        file.extend(format!("{offset:010} 00000 n \n").bytes());
    }
    let size = offsets.len() + 1;
    file.extend(format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n").bytes());
    file
}

pub(crate) fn stream(dictionary: &str, data: &[u8]) -> Vec<u8> {
    let mut object = format!("<< /Length {} {dictionary} >>\nstream\n", data.len()).into_bytes();
    object.extend(data);
    object.extend(b"\nendstream");
    object
}

pub(crate) const TEXT: &[u8] =
    b"BT /F 12 Tf 72 700 Td (Certificate of exemption for all the words of this small page) Tj \
    0 -20 Td (Name of purchaser: Made Up Widgets) Tj ET 72 600 12 12 re S 72 600 m 84 612 l S";

/// A picture of a page: lines of dark blocks on white.
pub(crate) fn pixels(width: u32, height: u32) -> Vec<u8> {
    let dark = |x: u32, y: u32| y % 40 > 30 && x % 14 < 9 && x > 60 && x < width - 60 && y > 60;
    let rows = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    rows.map(|(x, y)| if dark(x, y) { 20 } else { 245 }).collect()
}

pub(crate) fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let picture = image::GrayImage::from_raw(width, height, pixels(width, height)).expect("a picture");
    picture.write_to(&mut std::io::Cursor::new(&mut file), image::ImageFormat::Jpeg).expect("written");
    file
}

/// Entries of a directory (tag and value), and the data of its only strip.
pub(crate) type TiffPage = (Vec<(u16, u32)>, Vec<u8>);

/// A TIFF with one directory a page: entries of tag, type, value, and data of the only strip.
pub(crate) fn tiff(pages: &[TiffPage]) -> Vec<u8> {
    let mut file = b"II*\0\x08\0\0\0".to_vec();
    for (number, (entries, data)) in pages.iter().enumerate() {
        let mut entries = entries.clone();
        let start = file.len() as u32;
        let data_at = start + 2 + 12 * (entries.len() as u32 + 2) + 4;
        entries.push((273, data_at));
        entries.push((279, data.len() as u32));
        entries.sort_unstable();
        file.extend((entries.len() as u16).to_le_bytes());
        for (tag, value) in entries {
            file.extend(tag.to_le_bytes());
            file.extend(4_u16.to_le_bytes());
            file.extend(1_u32.to_le_bytes());
            file.extend(value.to_le_bytes());
        }
        let next = data_at + data.len() as u32;
        let next = if number + 1 == pages.len() { 0 } else { next };
        file.extend(next.to_le_bytes());
        file.extend(data);
    }
    file
}

pub(crate) fn grey_page(width: u32, height: u32, packed: bool) -> TiffPage {
    let data = pixels(width, height);
    let compression = if packed { 8 } else { 1 };
    let entries =
        vec![(256, width), (257, height), (258, 8), (259, compression), (262, 1), (277, 1), (278, height)];
    (entries, if packed { deflated(&data) } else { data })
}
