//! Counts the work of drawing a page before it is drawn.
//!
//! A form may draw forms that draw forms; ten kilobytes can ask for more steps than a year has nanoseconds. The count
//! goes through the forms once each, remembers what each costs, and multiplies; so it is quick however often they are
//! drawn. The parser answers a reference that leads back into itself with nothing, so drawings in a loop end by
//! themselves; should one be met all the same, the page is refused, because nothing honest draws itself.

use std::collections::HashMap;

use hayro::hayro_syntax::{
    content::TypedIter,
    content::ops::TypedInstruction,
    object::{Array, Dict, Object, ObjectIdentifier, Stream},
    page::{Page, Resources},
};

use super::{before::nests_too_deep, broken, unpack::Budget, unpacks_to_too_much, weigh};
use crate::{limits::Limits, model::Finding};

/// Most steps of a page. A crowded form has ten thousand.
const MAX_STEPS: u64 = 400_000;
/// Deepest nesting of forms.
const MAX_DEPTH: usize = 12;
/// How many bytes of content or pixels of a picture count as a step.
const BYTES_A_STEP: u64 = 16;
const PIXELS_A_STEP: u64 = 2048;

/// Refuses a page that is too much work.
pub(super) fn check(page: &Page<'_>, number: usize, limits: &Limits) -> Result<(), Finding> {
    let budget = Budget::new(limits.unpacked);
    let mut count = Count { known: HashMap::new(), open: Vec::new(), budget, limits };
    let content = page.page_stream().unwrap_or_default();
    let mut steps = count.content(content, page.resources())?;
    for annotation in page.raw().get::<Array<'_>>("Annots").into_iter().flat_map(|all| all.iter::<Dict<'_>>())
    {
        steps = steps.saturating_add(1);
        let drawn = annotation.get::<Dict<'_>>("AP").and_then(|all| all.get::<Object<'_>>("N"));
        let drawn: Vec<Stream<'_>> = match drawn {
            Some(Object::Stream(stream)) => vec![stream],
            Some(Object::Dict(states)) => states.keys().filter_map(|state| states.get(state)).collect(),
            _ => Vec::new(),
        };
        for stream in drawn {
            steps = steps.saturating_add(count.form(&stream, page.resources())?);
        }
        if steps > MAX_STEPS {
            break;
        }
    }
    if steps > MAX_STEPS {
        return Err(Finding::TooLarge(format!(
            "page {} takes more than {MAX_STEPS} drawing steps; print the PDF to a new one as a picture",
            number + 1
        )));
    }
    Ok(())
}

struct Count<'l> {
    known: HashMap<ObjectIdentifier, u64>,
    open: Vec<ObjectIdentifier>,
    /// For pictures inside content, which no other check sees.
    budget: Budget,
    limits: &'l Limits,
}

impl Count<'_> {
    fn content(&mut self, content: &[u8], resources: &Resources<'_>) -> Result<u64, Finding> {
        if nests_too_deep(content) {
            return Err(broken("its content is nested too deep"));
        }
        let mut steps = content.len() as u64 / BYTES_A_STEP;
        let mut operations = TypedIter::new(content);
        let mut inside = HashMap::new();
        while let Some(operation) = operations.next() {
            steps = steps.saturating_add(match operation {
                TypedInstruction::XObject(name) => {
                    let key: Vec<u8> = name.0.to_vec();
                    match inside.get(&key) {
                        Some(steps) => *steps,
                        None => {
                            let found = resources.get_x_object(name.0);
                            let steps = match found {
                                Some(stream) => self.object(&stream, resources)?,
                                None => 1,
                            };
                            inside.insert(key, steps);
                            steps
                        }
                    }
                }
                TypedInstruction::InlineImage(image) => {
                    let measured = self.budget.measure(&image.0.raw_data(), &image.0.filters());
                    measured.map_err(|_| unpacks_to_too_much(self.limits))?;
                    let pixels = weigh::pixels(image.0);
                    if pixels > self.limits.pixels {
                        return Err(weigh::picture_too_large(self.limits));
                    }
                    1 + pixels / PIXELS_A_STEP
                }
                TypedInstruction::ShowText(text) => text.0.as_bytes().len() as u64,
                TypedInstruction::NextLineAndShowText(text) => text.0.as_bytes().len() as u64,
                TypedInstruction::ShowTextWithParameters(text) => text.2.as_bytes().len() as u64,
                TypedInstruction::ShowTexts(parts) => parts.0.data().len() as u64,
                _ => 1,
            });
            if steps > MAX_STEPS {
                break;
            }
        }
        Ok(steps)
    }

    fn object(&mut self, stream: &Stream<'_>, resources: &Resources<'_>) -> Result<u64, Finding> {
        let kind = stream.dict().get::<hayro::hayro_syntax::object::Name<'_>>("Subtype");
        match kind.as_ref().map(|kind| kind.as_str()) {
            Some("Form") => self.form(stream, resources),
            _ => Ok(1 + weigh::pixels(stream) / PIXELS_A_STEP),
        }
    }

    fn form(&mut self, stream: &Stream<'_>, resources: &Resources<'_>) -> Result<u64, Finding> {
        let id = stream.obj_id();
        if let Some(steps) = self.known.get(&id) {
            return Ok(*steps);
        }
        if self.open.contains(&id) {
            return Err(broken("a drawing in it draws itself"));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(broken(&format!("drawings are nested more than {MAX_DEPTH} deep")));
        }
        self.open.push(id);
        let own = stream.dict().get::<Dict<'_>>("Resources").map(Resources::new);
        let steps = match stream.decoded_data() {
            Ok(content) => self.content(&content, own.as_ref().unwrap_or(resources))?,
            Err(_) => 1,
        };
        self.open.pop();
        self.known.insert(id, steps);
        Ok(steps.saturating_add(1))
    }
}
