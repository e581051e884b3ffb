//! Good files, and ways to spoil them.

use crate::made::{TEXT, deflated, grey_page, jpeg, pdf, pixels, stream, tiff};

pub(crate) mod bombs;

/// A small generator of numbers (xorshift), so that a seed names a file.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// One page with this content; `more` are objects from number 6 on, `resources` may name them.
pub(crate) fn page(content: Vec<u8>, resources: &str, more: Vec<Vec<u8>>) -> Vec<u8> {
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> \
             {resources} >> >>"
        )
        .into_bytes(),
        content,
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_vec(),
    ];
    objects.extend(more);
    pdf(&objects)
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let picture = image::GrayImage::from_raw(width, height, pixels(width, height)).expect("a picture");
    picture.write_to(&mut std::io::Cursor::new(&mut file), image::ImageFormat::Png).expect("written");
    file
}

/// Good files of every kind.
pub(crate) fn valid() -> Vec<(&'static str, Vec<u8>)> {
    let fields = pdf(&[
        b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] >> >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Annots [6 0 R] /Resources << /Font << \
          /F 5 0 R >> >> >>"
            .to_vec(),
        stream("", TEXT),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_vec(),
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (Made Up Widgets) /Rect [72 500 300 520] /AP << /N 7 0 R \
          >> >>"
            .to_vec(),
        stream(
            "/Type /XObject /Subtype /Form /BBox [0 0 228 20] /Resources << /Font << /F 5 0 R >> >>",
            b"BT /F 10 Tf 2 5 Td (Made Up Widgets) Tj ET",
        ),
    ]);
    let scan = page(
        stream("", b"q 612 0 0 792 0 0 cm /Scan Do Q"),
        "/XObject << /Scan 6 0 R >>",
        vec![stream(
            "/Type /XObject /Subtype /Image /Width 425 /Height 550 /BitsPerComponent 8 /ColorSpace /DeviceGray /Filter \
             /DCTDecode",
            &jpeg(425, 550),
        )],
    );
    vec![
        ("text pdf", page(stream("/Filter /FlateDecode", &deflated(TEXT)), "", Vec::new())),
        ("form pdf", fields),
        ("scan pdf", scan),
        ("png", png(425, 550)),
        ("jpeg", jpeg(425, 550)),
        ("tiff", tiff(&[grey_page(425, 550, true), grey_page(425, 550, false)])),
        ("fax tiff", fax()),
    ]
}

/// Group 4: rows of white, then rows of one black run, coded by hand.
fn fax() -> Vec<u8> {
    let mut bits = String::new();
    for _ in 0..20 {
        // Vertical mode 0: as the row above.
        bits.push('1');
    }
    // Horizontal mode: 64 white (11011, 0), then 64 black (0000001111) and 0, then the rest white.
    bits.push_str("001");
    bits.push_str("1101100110101");
    bits.push_str("00000011110000110111");
    bits.push('1');
    for _ in 0..40 {
        bits.push_str("111");
    }
    bits.push_str("000000000001000000000001");
    let data: Vec<u8> = bits
        .as_bytes()
        .chunks(8)
        .map(|byte| {
            byte.iter().enumerate().fold(0, |all, (at, bit)| all | u8::from(*bit == b'1') << (7 - at))
        })
        .collect();
    tiff(&[(vec![(256, 512), (257, 600), (258, 1), (259, 4), (262, 0), (277, 1), (278, 600)], data)])
}

/// A file spoiled in one of several ways.
pub(crate) fn spoiled(valid: &[(&'static str, Vec<u8>)], random: &mut Random) -> (String, Vec<u8>) {
    let (name, good) = &valid[random.below(valid.len())];
    let mut bytes = good.clone();
    let how = match random.below(7) {
        0 => {
            bytes.truncate(random.below(bytes.len()));
            "cut off"
        }
        1 => {
            for _ in 0..=random.below(40) {
                let at = random.below(bytes.len());
                bytes[at] = random.next() as u8;
            }
            "mutated"
        }
        2 => {
            for _ in 0..=random.below(6) {
                let at = random.below(bytes.len());
                bytes[at] ^= 1 << random.below(8);
            }
            "flipped"
        }
        3 => {
            let (_, other) = &valid[random.below(valid.len())];
            let (cut, from) = (random.below(bytes.len()), random.below(other.len()));
            bytes.truncate(cut);
            bytes.extend(&other[from..]);
            "spliced"
        }
        4 => {
            // Numbers of the head, where sizes stand.
            for _ in 0..=random.below(8) {
                let at = random.below(bytes.len().min(200));
                bytes[at] = [0, 1, 0x7F, 0x80, 0xFF][random.below(5)];
            }
            "new head"
        }
        5 => {
            let (start, length) = (random.below(bytes.len()), random.below(400));
            let end = (start + length).min(bytes.len());
            let part = bytes[start..end].to_vec();
            let at = random.below(bytes.len());
            bytes.splice(at..at, part.iter().cycle().take(part.len() * 3).copied());
            "repeated"
        }
        _ => {
            // Digits, which in PDF are sizes, numbers of objects and offsets.
            for byte in &mut bytes {
                if byte.is_ascii_digit() && random.below(60) == 0 {
                    *byte = b'0' + random.below(10) as u8;
                }
            }
            "other digits"
        }
    };
    (format!("{name}, {how}"), bytes)
}
