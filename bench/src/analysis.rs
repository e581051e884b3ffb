//! Many customers analysed: against the same code without a sandbox, and against merely reading them.
//!
//! From memory, both sides copy each page of rows out of a list, which is what a host does that keeps its rows. From
//! SQLite, both sides read through the same adapter. All of it is the processor's time of the whole process, which another
//! program on the machine does not change much; for SQLite the clock stands beside it.

use std::{path::Path, sync::Arc};

use host_harness::{erp::Erp, model::onboarding::Analysis, plugin::Plugin};

use crate::{
    Outcome, Sizes,
    figure::{Bound, Figure},
    native::Customers,
    spent::{Spent, timed},
    world,
};

/// All of them.
///
/// # Errors
/// When something cannot be run at all.
pub(crate) async fn figures(sizes: Sizes, scratch: &Path, data: &Path) -> Outcome<Vec<Figure>> {
    let plugin = world::plugin(&scratch.join("cache"))?;
    let erp = world::open_erp(&world::write_erp(data, sizes.analysed)?)?;
    let mut figures = from_sqlite(&plugin, &erp, sizes).await?;
    figures.extend(from_memory(&plugin, &erp, sizes).await?);
    Ok(figures)
}

async fn from_memory(plugin: &Plugin, erp: &dyn Erp, sizes: Sizes) -> Outcome<Vec<Figure>> {
    let (memory, rows) = world::in_memory(erp).await?;
    let count = rows.len();
    let native = Customers::of(rows);
    let memory: Arc<dyn Erp> = Arc::new(memory);
    let tenant = world::looking(Arc::clone(&memory))?;
    let (mut inside, mut bare, mut pages) = (Spent::MAX, Spent::MAX, Spent::MAX);
    for _ in 0..sizes.runs {
        let (found, spent) = timed(plugin.analyze(&tenant)).await?;
        inside = inside.least(spent);
        let (known, spent) = timed(async { native.analyze(&tenant.settings) }).await?;
        bare = bare.least(spent);
        same(&found, (known.total, known.exempt, known.creatable))?;
        let copied = world::read_all(memory.as_ref(), drop);
        pages = pages.least(timed(copied).await?.1);
    }
    let each = |spent: Spent| spent.process / count as f64 * 1e6;
    let from = format!(
        "{count} customers; a customer {:.2} µs / {:.2} µs, copying its row out of memory {:.2} µs of both",
        each(inside),
        each(bare),
        each(pages)
    );
    Ok(vec![
        Figure::ratio(
            "analysis from memory, component / native, processor",
            Bound::Most(3.0),
            inside.process / bare.process,
            from,
        ),
        Figure::new(
            "analysis from memory, component, processor",
            "s",
            Bound::Most(1.5),
            inside.process,
            format!("least of {}; on the clock {:.2} s", sizes.runs, inside.clock),
        ),
        Figure::new(
            "analysis from memory, native, processor",
            "s",
            Bound::None,
            bare.process,
            format!("least of {}; on the clock {:.2} s", sizes.runs, bare.clock),
        ),
    ])
}

async fn from_sqlite(
    plugin: &Plugin,
    erp: &host_harness::erp::sql::SqlErp,
    sizes: Sizes,
) -> Outcome<Vec<Figure>> {
    let tenant = world::looking(Arc::new(erp.clone()))?;
    let (mut analysed, mut read) = (Spent::MAX, Spent::MAX);
    let mut count = 0;
    // Once without a measure, so that the system has the file in memory for both.
    world::read_all(erp, drop).await?;
    for _ in 0..sizes.runs {
        analysed = analysed.least(timed(plugin.analyze(&tenant)).await?.1);
        count = 0;
        read = read.least(timed(world::read_all(erp, |rows| count += rows.len())).await?.1);
    }
    let each = |seconds: f64| seconds / f64::from(u32::try_from(count).unwrap_or(u32::MAX)) * 1e6;
    Ok(vec![
        Figure::ratio(
            "analysis from SQLite / reading the rows, processor",
            Bound::Most(1.3),
            analysed.process / read.process,
            format!(
                "{count} rows; {:.2} s / {:.2} s, a row {:.2} µs / {:.2} µs",
                analysed.process,
                read.process,
                each(analysed.process),
                each(read.process)
            ),
        ),
        Figure::ratio(
            "analysis from SQLite / reading the rows, clock",
            Bound::Most(1.3),
            analysed.clock / read.clock,
            format!("{:.2} s / {:.2} s, least of {}", analysed.clock, read.clock, sizes.runs),
        ),
    ])
}

/// The two sides are the same code, so they find the same.
fn same(found: &Analysis, known: (u64, u64, u64)) -> Outcome<()> {
    if (found.total, found.exempt, found.creatable) == known {
        return Ok(());
    }
    Err(format!(
        "the component found {} customers, {} exempt, {} to create; natively it is {known:?}",
        found.total, found.exempt, found.creatable
    )
    .into())
}
