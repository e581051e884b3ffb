//! The exports of the world, on top of its one import.

use document_reader::{
    limits::Limits,
    model::{Grey, Recogniser, Seen},
};

use crate::{
    bindings::{
        ecms::document_reader::recognition,
        exports::ecms::document_reader::reading::{Document, Finding, Guest, PagePicture, PageRange},
    },
    convert,
};

struct Component;

impl Guest for Component {
    fn read(document: Vec<u8>) -> Result<Document, Finding> {
        let host = recognition::name().map(|name| Host { name });
        let recogniser = host.as_ref().map(|host| host as &dyn Recogniser);
        document_reader::read(&document, recogniser, &Limits::default())
            .map(convert::document)
            .map_err(convert::finding)
    }

    fn picture(document: Vec<u8>, page: u32, turned: Option<f32>) -> Result<PagePicture, Finding> {
        document_reader::picture(&document, number(page), turned, &Limits::default())
            .map(convert::page_picture)
            .map_err(convert::finding)
    }

    fn upload_copy(document: Vec<u8>, pages: Option<PageRange>) -> Result<Vec<u8>, Finding> {
        let pages = pages.map(|pages| (number(pages.first), number(pages.count)));
        document_reader::upload_copy(&document, pages, &Limits::default()).map_err(convert::finding)
    }
}

/// The host's engine.
struct Host {
    name: String,
}

impl Recogniser for Host {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn recognise(&self, picture: &Grey) -> Result<Vec<Seen>, String> {
        let picture = recognition::Grey {
            width: picture.width,
            height: picture.height,
            pixels: picture.pixels.clone(),
        };
        Ok(recognition::recognise(&picture)?.into_iter().map(convert::seen).collect())
    }
}

fn number(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// The raw exports, generated.
mod raw {
    #![expect(unsafe_code, reason = "generated; the canonical ABI passes pointers")]
    #![expect(unreachable_pub, reason = "generated")]
    use super::Component;

    crate::bindings::export!(Component);
}
