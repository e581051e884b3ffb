//! Files made by hand to do one kind of harm each.

use super::page;
use crate::made::{TEXT, deflated, grey_page, jpeg, pdf, stream, tiff};

/// Name, file, and whether it has to be refused.
pub(crate) fn planted() -> Vec<(String, Vec<u8>, bool)> {
    let mut all: Vec<(String, Vec<u8>, bool)> = Vec::new();
    let mut add = |name: &str, bytes: Vec<u8>, refused: bool| all.push((name.to_owned(), bytes, refused));
    let zeros = vec![b' '; 200 * 1024 * 1024];
    let once = deflated(&zeros);
    drop(zeros);
    let twice = deflated(&once);

    add("empty", Vec::new(), true);
    add("zip", b"PK\x03\x04aaaaaaaaaaaaaaaaaaaa".to_vec(), true);
    add("ole", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1aaaaaaaaaaaaaaa".to_vec(), true);
    add("html", b"<!DOCTYPE html><html><body>certificate</body></html>".to_vec(), true);
    add("header only", b"%PDF-1.7\n".to_vec(), true);
    add("page content bomb", page(stream("/Filter /FlateDecode", &once), "", Vec::new()), true);
    add("chained bomb", page(stream("/Filter [/FlateDecode /FlateDecode]", &twice), "", Vec::new()), true);
    add(
        "filter behind a reference",
        page(stream("/Filter 6 0 R", &once), "", vec![b"/FlateDecode".to_vec()]),
        true,
    );
    add("escaped filter", page(stream("/Filter /Fl#61teDecode", &once), "", Vec::new()), true);
    add("five filters", page(stream("/Filter [/Fl /Fl /Fl /Fl /Fl]", &twice), "", Vec::new()), true);
    let run = [129_u8, b' '].repeat(300_000);
    add("run length bomb", page(stream("/Filter /RunLengthDecode", &run), "", Vec::new()), true);
    let lzw = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8)
        .encode(&vec![b' '; 60 * 1024 * 1024])
        .expect("packed");
    add("lzw bomb", page(stream("/Filter /LZWDecode", &lzw), "", Vec::new()), true);
    let objects = stream("/Type /ObjStm /N 3 /First 20 /Filter /FlateDecode", &once);
    add("object stream bomb", page(stream("", TEXT), "", vec![objects.clone()]), true);
    let mut hidden = b"%PDF-1.7\n1 0 obj\n".to_vec();
    hidden.extend(&objects);
    hidden.extend(b"\nendobj\ntrailer << /Root 2 0 R >>\n");
    add("object stream bomb without a table", hidden, true);
    let mut table = b"%PDF-1.7\n1 0 obj\n".to_vec();
    table.extend(stream("/Type /XRef /Size 9 /W [1 2 1] /Root 2 0 R /Filter /FlateDecode", &once));
    table.extend(b"\nendobj\nstartxref\n9\n%%EOF");
    add("table bomb", table, true);

    for (name, size) in
        [("wide", "/Width 60000 /Height 60000"), ("absurd", "/Width 2147483647 /Height 2147483647")]
    {
        let picture = format!(
            "/Type /XObject /Subtype /Image {size} /BitsPerComponent 8 /ColorSpace /DeviceRGB /Filter /DCTDecode"
        );
        let file = page(
            stream("", b"q 612 0 0 792 0 0 cm /P Do Q"),
            "/XObject << /P 6 0 R >>",
            vec![stream(&picture, &jpeg(64, 64))],
        );
        add(&format!("{name} picture in a pdf"), file, true);
    }
    let fax = "/Type /XObject /Subtype /Image /Width 9 /Height 60000 /BitsPerComponent 1 /ColorSpace /DeviceGray /Filter \
               /CCITTFaxDecode /DecodeParms << /K -1 /Columns 60000 >>";
    let file = page(
        stream("", b"q 600 0 0 700 0 0 cm /P Do Q"),
        "/XObject << /P 6 0 R >>",
        vec![stream(fax, &[0xFF; 900])],
    );
    add("fax picture in a pdf", file, true);
    let mut inline = b"q 612 0 0 792 0 0 cm BI /W 50000 /H 50000 /BPC 8 /CS /G /F /Fl ID ".to_vec();
    inline.extend(&once);
    inline.extend(b" EI Q");
    add("inline picture bomb", page(stream("", &inline), "", Vec::new()), true);

    let nested = |open: &str, close: &str, depth: usize| [open.repeat(depth), close.repeat(depth)].concat();
    for depth in [400, 5_000, 200_000] {
        let content = [nested("[", "]", depth).into_bytes(), b" TJ ".to_vec(), TEXT.to_vec()].concat();
        add(&format!("{depth} arrays in content"), page(stream("", &content), "", Vec::new()), false);
        let object = nested("<< /A ", " >>", depth).into_bytes();
        add(
            &format!("{depth} dictionaries"),
            page(stream("", TEXT), "/XObject << /P 6 0 R >>", vec![object.clone()]),
            false,
        );
        let content = [nested("<< /A ", " >>", depth).into_bytes(), TEXT.to_vec()].concat();
        add(&format!("{depth} dictionaries in content"), page(stream("", &content), "", Vec::new()), false);
        let saved =
            ["q ".repeat(depth).into_bytes(), TEXT.to_vec(), "Q ".repeat(depth * 2).into_bytes()].concat();
        add(&format!("{depth} saved states"), page(stream("", &saved), "", Vec::new()), false);
    }

    add(
        "page tree loop",
        pdf(&[
            b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
            b"<< /Type /Pages /Kids [3 0 R 2 0 R] /Count 2 >>".to_vec(),
            b"<< /Type /Pages /Kids [2 0 R 3 0 R] /Parent 3 0 R /Count 2 >>".to_vec(),
        ]),
        true,
    );
    let many = "3 0 R ".repeat(100_000);
    add(
        "a page a hundred thousand times",
        pdf(&[
            b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
            format!("<< /Type /Pages /Kids [{many}] /Count 100000 >>").into_bytes(),
            b"<< /Type /Page /MediaBox [0 0 612 792] >>".to_vec(),
        ]),
        true,
    );
    let inside = "<< /Type /Page /MediaBox [0 0 612 792] >> ".repeat(50_000);
    add(
        "fifty thousand pages",
        pdf(&[
            b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
            format!("<< /Type /Pages /Kids [{inside}] /Count 50000 >>").into_bytes(),
        ]),
        true,
    );
    add("reference loop", page(b"6 0 R".to_vec(), "", vec![b"7 0 R".to_vec(), b"6 0 R".to_vec()]), false);
    let form = |more: &str, content: &[u8]| {
        stream(&format!("/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << {more} >>"), content)
    };
    add(
        "a form that draws itself",
        page(
            stream("", b"/P Do"),
            "/XObject << /P 6 0 R >>",
            vec![form("/XObject << /P 6 0 R >>", b"/P Do /P Do")],
        ),
        false,
    );
    add(
        "two forms that draw each other",
        page(
            stream("", b"/P Do"),
            "/XObject << /P 6 0 R >>",
            vec![
                form("/XObject << /P 7 0 R >>", b"/P Do /P Do"),
                form("/XObject << /P 6 0 R >>", b"/P Do /P Do"),
            ],
        ),
        false,
    );
    // Thirty forms, each drawing the next ten times.
    let tree: Vec<_> = (0..30)
        .map(|depth| form(&format!("/XObject << /P {} 0 R >>", depth + 7), "/P Do ".repeat(10).as_bytes()))
        .collect();
    add("forms of forms", page(stream("", b"/P Do"), "/XObject << /P 6 0 R >>", tree), true);
    let wide: Vec<_> = (0..8)
        .map(|depth| form(&format!("/XObject << /P {} 0 R >>", depth + 7), "/P Do ".repeat(20).as_bytes()))
        .collect();
    add("wide forms", page(stream("", b"/P Do"), "/XObject << /P 6 0 R >>", wide), true);
    let tile = |step: &str, bounds: &str| {
        let cell = stream(
            &format!(
                "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [{bounds}] /XStep {step} /YStep {step} \
                 /Resources << /Pattern << /T 6 0 R >> >>"
            ),
            b"/Pattern cs /T scn 0 0 5 5 re f",
        );
        page(stream("", b"/Pattern cs /T scn 0 0 612 792 re f"), "/Pattern << /T 6 0 R >>", vec![cell])
    };
    add("tiny tiles", tile("0.5", "0 0 1000000 1000000"), true);
    add("huge tiles", tile("1000000", "0 0 1000000 1000000"), true);
    add("tiles in tiles", tile("10", "0 0 10 10"), false);
    let dashes = b"[0.000001] 0 d 0 0 m 600 700 l S ".repeat(3);
    add("tiny dashes", page(stream("", &dashes), "", Vec::new()), true);
    let strokes: Vec<u8> = (0..60_000)
        .flat_map(|line| format!("{} 0 m {} 792 l S ", line % 612, (line * 7) % 612).into_bytes())
        .collect();
    add("sixty thousand lines", page(stream("", &strokes), "", Vec::new()), true);
    let letters = [b"BT /F 9 Tf (".to_vec(), vec![b'a'; 3_000_000], b") Tj ET".to_vec()].concat();
    add("three million letters", page(stream("", &letters), "", Vec::new()), true);
    let moved =
        b"BT /F 1e38 Tf 1e30 0 0 1e30 1e38 1e38 Tm (huge letters at no place) Tj ET 1e38 1e38 1e38 1e38 re S"
            .to_vec();
    add("numbers beyond all", page(stream("", &moved), "", Vec::new()), false);
    for area in ["0 0 1e9 1e9", "0 0 0 0", "0 0 1 100000", "nothing", "-1e38 -1e38 1e38 1e38"] {
        let file = pdf(&[
            b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
            format!("<< /Type /Page /MediaBox [{area}] /Contents 4 0 R >>").into_bytes(),
            stream("", TEXT),
        ]);
        add(&format!("a page of {area}"), file, false);
    }
    let secret = "<< /Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O <00> /U <00> >>";
    let mut locked = page(stream("", TEXT), "", Vec::new());
    let trailer = locked.windows(9).position(|part| part == b"trailer\n<").expect("a trailer");
    locked.splice(trailer + 10..trailer + 10, format!(" /Encrypt {secret} /ID [<00> <00>] ").into_bytes());
    add("encrypted", locked, true);

    for compression in [2, 3, 4, 5, 7, 8, 32773] {
        for (width, height) in [(60_000, 60_000), (u32::MAX, u32::MAX), (2_000, 2_000), (1, 8_000_000)] {
            let entries = vec![
                (256, width),
                (257, height),
                (258, 8),
                (259, compression),
                (262, 1),
                (277, 1),
                (278, height),
            ];
            let noise: Vec<u8> = (0..4_000_u32).map(|at| ((at * at * 31) >> 3) as u8).collect();
            add(
                &format!("tiff {compression} of {width} by {height}"),
                tiff(&[(entries, noise)]),
                width > 2_000,
            );
        }
    }
    let endless: Vec<_> = (0..300).map(|_| grey_page(40, 40, true)).collect();
    add("three hundred tiff pages", tiff(&endless), true);
    let mut round = tiff(&[grey_page(425, 550, true)]);
    let next = 8 + 2 + 12 * 9;
    round[next..next + 4].copy_from_slice(&8_u32.to_le_bytes());
    add("tiff in a loop", round, false);
    let (mut entries, data) = grey_page(3_000, 2_500, true);
    entries[0].1 = 2_000_000;
    add("tiff wider than its data", tiff(&[(entries, data)]), true);

    for (width, height) in [(65_500_u16, 65_500_u16), (0, 100), (100, 0)] {
        let mut file = jpeg(64, 64);
        let frame = file.windows(2).position(|pair| pair == [0xFF, 0xC0]).expect("a frame");
        file[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
        file[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
        add(&format!("jpeg of {width} by {height}"), file, true);
    }
    for orientation in [0_u8, 6, 9, 255] {
        let mut exif =
            b"\xFF\xD8\xFF\xE1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
        exif.extend([orientation, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
        exif.extend(&jpeg(200, 300)[2..]);
        add(&format!("orientation {orientation}"), exif, false);
    }
    let mut header = b"\x89PNG\r\n\x1a\n\0\0\0\x0DIHDR".to_vec();
    header.extend([0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 8, 2, 0, 0, 0, 0, 0, 0, 0]);
    add("png header of two thousand million", header, true);
    all
}
