//! What stands on the pages of a certificate, chunk by chunk, for finding its customer where its values do not say it.

use crate::certificates::names;
use crate::certificates::rules::Field;
use crate::certificates::understand::judge::Context;
use crate::certificates::understand::record::Certificate;
use crate::certificates::understand::text::Sheet;

/// Most chunks that are kept.
const KEPT: usize = 300;
/// Words and characters from which on a chunk is running text.
const RUNNING: (usize, usize) = (14, 120);
/// Names at least this alike are the seller's.
const SELLERS: f32 = 0.9;

/// Short chunks as text, with what follows a colon by itself once more. Seller and seller's address are left out.
pub(super) fn lines(sheet: &Sheet, certificate: &Certificate, context: &Context<'_>) -> Vec<String> {
    let own = [Field::Seller, Field::SellerAddress].map(|field| certificate.text(field));
    let sellers: Vec<&str> = context.seller_names.iter().map(String::as_str).chain(own).collect();
    let others = |text: &&str| {
        let telling = text.chars().filter(|c| c.is_alphanumeric()).count() > 3;
        telling && !sellers.iter().any(|seller| names::alike(text, seller) >= SELLERS)
    };
    let mut lines = Vec::new();
    for chunk in &sheet.chunks {
        let text = sheet.text(chunk.from, chunk.to);
        if chunk.to - chunk.from >= RUNNING.0 || text.len() >= RUNNING.1 {
            continue;
        }
        let after = text.split_once(": ").map(|(_, after)| after);
        lines.extend(core::iter::once(text.as_str()).chain(after).filter(others).map(str::to_owned));
        if lines.len() >= KEPT {
            break;
        }
    }
    lines.truncate(KEPT);
    lines
}
