//! What every call and every start costs: the component's size, a second start of the host, one small call.
//!
//! A call is everything that the library does for it: a store with its caps, an instance, one customer through the
//! boundary, the report back through its checks, and dropping it all. What it is measured against is the least that
//! wasmtime can do in the same engine: a component with one export that does nothing, instantiated and called in a plain
//! store.
//!
//! Whether a start compiled is read from the cache: whatever was compiled is put there as a new file.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use host_harness::{
    erp::memory::MemoryErp,
    model::erp::{Customer, Row},
    plugin::Plugin,
    tenant::Tenant,
};
use serde::{Deserialize, Serialize};
use wasmtime::{
    Engine, Store,
    component::{Component, InstancePre, Linker},
};

use crate::{
    Outcome, Sizes, child,
    figure::{Bound, Figure},
    spent::{process_seconds, quantile},
    world,
};

/// Name of the part that starts once.
pub(crate) const PART: &str = "start";

/// A component whose one export does nothing.
const EMPTY: &str = r#"(component
    (core module $code (func (export "run")))
    (core instance $code (instantiate $code))
    (func (export "run") (canon lift (core func $code "run"))))"#;

/// All of them.
///
/// # Errors
/// When something cannot be run at all.
pub(crate) async fn figures(sizes: Sizes, scratch: &Path, data: &Path) -> Outcome<Vec<Figure>> {
    let mut figures = vec![size()?];
    figures.extend(second_start(sizes.starts, scratch)?);
    figures.extend(small_call(sizes.calls, scratch, data).await?);
    Ok(figures)
}

fn size() -> Outcome<Figure> {
    let bytes = fs::metadata(world::component())?.len();
    let from = format!("{bytes} bytes");
    Ok(Figure::new("component size", "KiB", Bound::Most(400.0), bytes as f64 / 1024.0, from))
}

/// Where a child finds compiled components.
#[derive(Debug, Serialize, Deserialize)]
struct Question {
    cache: PathBuf,
}

/// What a start took, in seconds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Started {
    engine: f64,
    load: f64,
    load_processor: f64,
}

/// The part itself: one start.
///
/// # Errors
/// When the component cannot be loaded.
pub(crate) fn part(question: &str) -> Outcome<()> {
    let Question { cache } = serde_json::from_str(question)?;
    let begun = Instant::now();
    let engine = world::engine(&cache)?;
    let ready = (Instant::now(), process_seconds());
    let plugin = Plugin::load(&engine, &world::component())?;
    let (load, load_processor) = (ready.0.elapsed().as_secs_f64(), process_seconds() - ready.1);
    drop(plugin);
    child::say(&Started { engine: (ready.0 - begun).as_secs_f64(), load, load_processor })
}

fn second_start(starts: usize, scratch: &Path) -> Outcome<Vec<Figure>> {
    let cache = scratch.join("cache-of-starts");
    let question = Question { cache: cache.clone() };
    let first: Started = child::ask(PART, &question)?;
    let kept = entries(&cache)?;
    let mut loads = Vec::new();
    let (mut engines, mut processor) = (Vec::new(), Vec::new());
    let mut compiled = 0_usize;
    let mut before = kept.clone();
    for _ in 0..starts {
        let started: Started = child::ask(PART, &question)?;
        loads.push(started.load * 1e3);
        engines.push(started.engine * 1e3);
        processor.push(started.load_processor * 1e3);
        let after = entries(&cache)?;
        compiled += usize::from(after != before);
        before = after;
    }
    let load = quantile(&mut loads, 0.5);
    let from = format!(
        "median of {starts} processes; processor {:.2} ms, least {:.2} ms; before it the engine with its pool {:.2} ms",
        quantile(&mut processor, 0.5),
        quantile(&mut loads, 0.0),
        quantile(&mut engines, 0.5),
    );
    let none = if kept.is_empty() { "; nothing was kept" } else { "" };
    Ok(vec![
        Figure::new("second start: load from the compiled cache", "ms", Bound::Most(2.0), load, from),
        Figure::new(
            "second start: runs of Cranelift",
            "times",
            Bound::Most(0.0),
            if kept.is_empty() { f64::INFINITY } else { compiled as f64 },
            format!("files of the cache that were written anew by {starts} starts{none}"),
        ),
        Figure::ratio(
            "first start, compiling / second",
            Bound::None,
            first.load * 1e3 / load,
            format!("{:.0} ms, {:.0} ms of the processor", first.load * 1e3, first.load_processor * 1e3),
        ),
    ])
}

/// What lies in a folder, told apart from whatever is put in its place.
fn entries(folder: &Path) -> Outcome<Vec<(PathBuf, u64, i64)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "cwasm") {
            let known = fs::metadata(&path)?;
            found.push((path, known.ino(), known.mtime_nsec()));
        }
    }
    found.sort();
    Ok(found)
}

async fn small_call(calls: usize, scratch: &Path, data: &Path) -> Outcome<Vec<Figure>> {
    let host = world::engine(&scratch.join("cache"))?;
    let plugin = Plugin::load(&host, &world::component())?;
    let tenant = world::looking(Arc::new(MemoryErp::of(vec![one_customer(data).await?])))?;
    let empty = empty(host.wasm())?;
    let (mut ours, mut bare, mut inside) = (Vec::new(), Vec::new(), Vec::new());
    for at in 0..calls + calls / 10 {
        let (our, own) = our_call(&plugin, &tenant).await?;
        let other = bare_call(host.wasm(), &empty).await?;
        if at >= calls / 10 {
            ours.push(our);
            inside.push(own);
            bare.push(other);
        }
    }
    let (our, least, own) = (quantile(&mut ours, 0.5), quantile(&mut bare, 0.5), quantile(&mut inside, 0.5));
    let from = format!(
        "p50 of {calls} in turns: {our:.1} µs / {least:.1} µs; fastest {:.1} µs / {:.1} µs; pooled memory: {}",
        quantile(&mut ours, 0.0),
        quantile(&mut bare, 0.0),
        if host.is_pooled() { "yes" } else { "no" }
    );
    Ok(vec![
        Figure::ratio("one customer analysed / empty export", Bound::Most(1.5), our / least, from),
        Figure::new(
            "fresh store, instance, analysis of one customer, drop, p50",
            "µs",
            Bound::Most(60.0),
            our,
            format!(
                "p95 {:.1} µs; inside the call {own:.1} µs of the processor, the rest are making and dropping the store",
                quantile(&mut ours, 0.95)
            ),
        ),
    ])
}

/// A customer of the demo.
async fn one_customer(data: &Path) -> Outcome<Customer> {
    let erp = world::open_erp(&world::write_erp(data, 20)?)?;
    let mut found = None;
    world::read_all(&erp, |rows| {
        found = rows.into_iter().find_map(|row| match row {
            Row::Customer(customer) => Some(customer),
            Row::Bad(_) => None,
        });
    })
    .await?;
    found.ok_or_else(|| "the made-up ERP has no customer".into())
}

/// Microseconds of one call on the clock, and of the processor inside it.
async fn our_call(plugin: &Plugin, tenant: &Tenant) -> Outcome<(f64, f64)> {
    let begun = Instant::now();
    let call = plugin.analyze_metered(tenant).await;
    let took = begun.elapsed().as_secs_f64() * 1e6;
    if call.value?.total != 1 {
        return Err("the small analysis did not find its one customer".into());
    }
    Ok((took, call.metrics.cpu.as_secs_f64() * 1e6))
}

fn empty(engine: &Engine) -> Outcome<InstancePre<()>> {
    let component = Component::new(engine, wat::parse_str(EMPTY)?)?;
    Ok(Linker::new(engine).instantiate_pre(&component)?)
}

async fn bare_call(engine: &Engine, empty: &InstancePre<()>) -> Outcome<f64> {
    let begun = Instant::now();
    {
        let mut store = Store::new(engine, ());
        // The engine counts ticks; without a deadline the first would be one.
        store.set_epoch_deadline(u64::MAX / 2);
        let instance = empty.instantiate_async(&mut store).await?;
        let run = instance.get_typed_func::<(), ()>(&mut store, "run")?;
        run.call_async(&mut store, ()).await?;
    }
    Ok(begun.elapsed().as_secs_f64() * 1e6)
}
