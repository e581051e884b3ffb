//! Turns the rules in `rules/*.toml` into constants, and the tables in `data` into texts that are quick to search.
//!
//! The files are written for people; the component gets them checked and ready, so that nothing is parsed at run time
//! and a mistake in them stops the build with the name of the file and a sentence, rather than a certificate later.
//! Phrases are reduced to plain text here: lower-case letters and digits of all words run together.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use serde::de::DeserializeOwned;
use toml::value::Datetime;

#[path = "rules/schema.rs"]
mod schema;
use schema::{Captions, Expiry, Form, Keywords, Labels, Meaning, MultiState, Number, State, StateFile};

const REGIONS: &str = "AK AL AR AZ CA CO CT DC DE FL GA HI IA ID IL IN KS KY LA MA MD ME MI MN MO MS MT NC ND NE NH \
                       NJ NM NV NY OH OK OR PA RI SC SD TN TX UT VA VT WA WI WV WY";

type Checked<T> = Result<T, String>;

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=data");
    match generate().and_then(|()| tables()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            println!("cargo::error={}", sentence.trim_end().replace('\n', "; "));
            ExitCode::FAILURE
        }
    }
}

fn generate() -> Checked<()> {
    let forms = forms()?;
    let ids: BTreeSet<&str> = forms.iter().map(|form| form.id.as_str()).collect();
    let mut out = String::new();
    let parts = [
        forms.iter().map(write_form).collect::<Checked<Vec<_>>>()?,
        in_file("states.toml", |file: StateFile| write_states(&file, &ids))?,
    ];
    for (name, items) in ["FORMS: &[Form]", "STATES: &[StateRules]"].into_iter().zip(parts) {
        let items = items.join(",\n");
        let _ = writeln!(out, "/// Made from `plugin/rules`.\npub const {name} = &[{items}];");
    }
    let (keywords, names) = in_file("keywords.toml", |file: Keywords| write_keywords(&file))?;
    for (name, says, said) in [
        ("LABELS", "(u8, Announces)", in_file("labels.toml", |file: Labels| write_labels(&file, &ids))?),
        ("CAPTIONS", "BoxMeaning", in_file("captions.toml", |file: Captions| write_captions(&file, &ids))?),
        ("KEYWORDS", "char", keywords),
    ] {
        let _ = writeln!(out, "const {name}: Phrases<{says}> = {};", write_phrases(&said, &forms)?);
    }
    let _ = writeln!(
        out,
        "/// Plain English of each entity/use code.\npub const REASON_NAMES: &[(char, &str)] = &[{}];",
        names.join(",\n")
    );
    put("rules.rs", &out)
}

fn put(name: &str, text: &str) -> Checked<()> {
    let folder = std::env::var("OUT_DIR").map_err(|error| format!("OUT_DIR is not set: {error}"))?;
    std::fs::write(Path::new(&folder).join(name), text)
        .map_err(|error| format!("{name} cannot be written: {error}"))
}

/// Writes a table of the countries and one of the regions of each country that has some.
fn tables() -> Checked<()> {
    let (mut countries, mut regions) = (BTreeMap::new(), BTreeMap::<_, BTreeMap<_, _>>::new());
    for name in ["countries.txt", "regions.txt"] {
        let text = std::fs::read_to_string(Path::new("data").join(name))
            .map_err(|error| format!("plugin/data/{name}: {error}"))?;
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let odd = || format!("plugin/data/{name}: \"{line}\" is not two codes and a name");
            let parts: Vec<String> = line.splitn(3, ' ').map(str::to_owned).collect();
            let [first, second, third] = <[String; 3]>::try_from(parts).map_err(|_| odd())?;
            let (table, code, more) = match name {
                "countries.txt" => (&mut countries, first, [second, third].to_vec()),
                _ => (regions.entry(first).or_default(), second, [third].to_vec()),
            };
            check(code.len() == 2, odd)?;
            for spelling in core::iter::once(&code).chain(&more) {
                let other = table.insert(spelling.to_ascii_uppercase(), code.clone());
                check(other.is_none_or(|other| other == code), odd)?;
            }
        }
    }
    regions.insert("COUNTRIES".to_owned(), countries);
    let consts: Vec<String> = regions.iter().map(|(name, spellings)| write_table(name, spellings)).collect();
    put("geography.rs", &consts.join("\n"))
}

/// The codes, two letters each, and every other spelling with its code, a line each, both in order of their bytes.
fn write_table(name: &str, spellings: &BTreeMap<String, String>) -> String {
    let (codes, others): (Vec<_>, Vec<_>) = spellings.iter().partition(|(spelling, code)| spelling == code);
    let codes: String = codes.into_iter().map(|(spelling, _)| spelling.as_str()).collect();
    let lines: Vec<String> =
        others.into_iter().map(|(spelling, code)| format!("{spelling}\t{code}")).collect();
    format!("const {name}: Table = Table {{ codes: {codes:?}, spellings: {:?} }};", lines.join("\n"))
}

/// Reads one file and works on it; whatever goes wrong names the file.
fn in_file<F: DeserializeOwned, T>(name: &str, work: impl FnOnce(F) -> Checked<T>) -> Checked<T> {
    let path = Path::new("rules").join(name);
    let text = std::fs::read_to_string(&path).map_err(|error| error.to_string());
    let file = text.and_then(|text| toml::from_str(&text).map_err(|error| error.to_string()));
    file.and_then(work).map_err(|sentence| format!("plugin/rules/{name}: {sentence}"))
}

/// All forms by name of their file; the general letter last, because a form of a state goes before it.
fn forms() -> Checked<Vec<Form>> {
    let unreadable = |error: std::io::Error| format!("plugin/rules/forms: {error}");
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir("rules/forms").map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned();
        names.insert((name == "letter.toml", name));
    }
    let read = |(_, name): (bool, String)| {
        in_file(&format!("forms/{name}"), |form: Form| {
            check(name == format!("{}.toml", form.id), || {
                format!("the id \"{}\" is not the file's name", form.id)
            })?;
            Ok(form)
        })
    };
    names.into_iter().map(read).collect()
}

fn write_form(form: &Form) -> Checked<String> {
    form_text(form).map_err(|sentence| format!("plugin/rules/forms/{}.toml: {sentence}", form.id))
}

fn form_text(form: &Form) -> Checked<String> {
    sourced(&form.source, &form.checked)?;
    check(!form.titles.is_empty() && !form.name.is_empty(), || "a name and a title are needed".to_owned())?;
    let title = |title: &String| {
        let words: Vec<String> =
            title.split_whitespace().map(plain).filter(|word| !word.is_empty()).collect();
        check(words.len() > 1, || format!("the title \"{title}\" is too short to tell a form by"))?;
        Ok(format!("&{words:?}"))
    };
    let titles = form.titles.iter().map(title).collect::<Checked<Vec<_>>>()?.join(",");
    let states = match form.states.as_str() {
        "table" => "Table".to_owned(),
        "named" => "Named".to_owned(),
        one => format!("One({:?})", region(one)?),
    };
    let reason = match form.reason.as_str() {
        "boxes" => "Boxes".to_owned(),
        "text" => "Text".to_owned(),
        "boxes-or-text" => "BoxesOrText".to_owned(),
        one => format!("Fixed({:?})", use_code(one)?),
    };
    let expiry = match (form.expiry, form.years) {
        (Expiry::Years | Expiry::WarnAfterYears, Some(years @ 1..=20)) => {
            format!("{:?}({years})", form.expiry)
        }
        (Expiry::Years | Expiry::WarnAfterYears, _) => {
            return Err("this expiry needs years from 1 to 20".to_owned());
        }
        (_, Some(_)) => return Err("this expiry takes no years".to_owned()),
        (plain, None) => format!("{plain:?}"),
    };
    let attachment = match &form.attachment {
        None => "None".to_owned(),
        Some(it) => {
            check(!it.what.is_empty(), || "the attachment is not described".to_owned())?;
            format!(
                "Some(Attachment{{what:{:?},use_codes:{:?},seen_by:&{:?}}})",
                it.what,
                use_codes(&it.use_codes)?,
                plains(&it.seen_by)?
            )
        }
    };
    let require: Vec<String> = form
        .require
        .iter()
        .map(|(field, severity)| format!("(Field::{field:?},Severity::{severity:?})"))
        .collect();
    Ok(format!(
        "Form{{id:{:?},name:{:?},issued_by_state:{},titles:&[{titles}],with:&{:?},numbers:&{:?},revisions:&{:?},\
         states:States::{states},reason:ReasonFrom::{reason},require:&[{}],single:{},scope:{},number:{},expiry:Expiry::{expiry},\
         attachment:{attachment},refuses:{:?}}}",
        form.id,
        form.name,
        form.issued_by_state,
        plains(&form.with)?,
        plains(&form.numbers)?,
        plains(&form.revisions)?,
        require.join(","),
        form.single,
        form.scope.map_or_else(|| "None".to_owned(), |it| format!("Some(Severity::{it:?})")),
        number(form.number.as_ref())?,
        use_codes(&form.refuses)?,
    ))
}

/// A phrase, the id of its form or nothing, and what it says.
type Said = (String, String, String);

/// Packs phrases: their letters in one text, and a row for each of how long it is, its form's number from 1, and what it
/// says.
fn write_phrases(said: &[Said], forms: &[Form]) -> Checked<String> {
    let (mut text, mut rows) = (String::new(), Vec::new());
    for (phrase, form, says) in said {
        let length =
            u8::try_from(phrase.len()).map_err(|_| format!("\"{phrase}\" is longer than 255 letters"))?;
        let form = forms.iter().position(|it| it.id == *form).map_or(0, |at| at + 1);
        text.push_str(phrase);
        rows.push(format!("({length},{form},{says})"));
    }
    check(forms.len() < 256, || "there are more than 255 forms".to_owned())?;
    Ok(format!("Phrases{{text:{text:?},rows:&[{}]}}", rows.join(",\n")))
}

fn write_labels(file: &Labels, ids: &BTreeSet<&str>) -> Checked<Vec<Said>> {
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    for label in &file.label {
        sourced(&label.source, &label.checked)?;
        let announces = match (label.field, label.part, label.heading) {
            (Some(field), None, None) => format!("Value(Field::{field:?})"),
            (None, Some(part), None) => format!("Part(Bare::{part:?})"),
            (None, None, Some(heading)) => format!("{heading:?}Part"),
            _ => return Err(format!("{:?} needs one of field, part, heading", label.phrases)),
        };
        for (phrase, form) in phrases(&label.phrases, &label.forms, ids, &mut seen)? {
            let words = phrase.split_whitespace().filter(|word| !plain(word).is_empty()).count();
            out.push((plain(phrase), form.to_owned(), format!("({words},Announces::{announces})")));
        }
    }
    Ok(out)
}

fn write_captions(file: &Captions, ids: &BTreeSet<&str>) -> Checked<Vec<Said>> {
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    for caption in &file.caption {
        sourced(&caption.source, &caption.checked)?;
        let meaning = match (caption.meaning, caption.use_code.as_str()) {
            (Meaning::Reason, code) => format!("Reason({:?})", use_code(code)?),
            (meaning, "") => format!("{meaning:?}"),
            _ => return Err(format!("{:?} has a use code but is no reason", caption.phrases)),
        };
        for (phrase, form) in phrases(&caption.phrases, &caption.forms, ids, &mut seen)? {
            out.push((plain(phrase), form.to_owned(), format!("BoxMeaning::{meaning}")));
        }
    }
    Ok(out)
}

fn write_keywords(file: &Keywords) -> Checked<(Vec<Said>, Vec<String>)> {
    let mut seen = BTreeSet::new();
    let (mut keywords, mut names) = (Vec::new(), BTreeMap::new());
    for reason in &file.reason {
        sourced(&reason.source, &reason.checked)?;
        let code = use_code(&reason.use_code)?;
        check(!reason.name.is_empty(), || format!("{code} has no name"))?;
        let other = names.insert(code, reason.name.clone());
        check(other.is_none(), || format!("{code} is there twice"))?;
        for (phrase, _) in phrases(&reason.phrases, &[], &BTreeSet::new(), &mut seen)? {
            keywords.push((plain(phrase), String::new(), format!("{code:?}")));
        }
    }
    check(names.len() == 14, || "each of the codes A to N needs an entry".to_owned())?;
    Ok((keywords, names.iter().map(|(code, name)| format!("({code:?},{name:?})")).collect()))
}

fn write_states(file: &StateFile, ids: &BTreeSet<&str>) -> Checked<Vec<String>> {
    for multi in &file.multi_state {
        sourced(&multi.source, &multi.checked)?;
        check(ids.contains(multi.form.as_str()), || format!("\"{}\" is no form", multi.form))?;
        multi.accepted.iter().chain(&multi.disputed).try_for_each(|it| region(it).map(drop))?;
    }
    let by_region: BTreeMap<&str, &State> = file.state.iter().map(|it| (it.region.as_str(), it)).collect();
    check(by_region.len() == file.state.len(), || "a state is there twice".to_owned())?;
    check(by_region.keys().copied().eq(REGIONS.split_whitespace()), || {
        "each of the 50 states and DC needs an entry, and nothing else".to_owned()
    })?;
    let lists = |region: &str, list: fn(&MultiState) -> &Vec<String>| {
        let forms = file.multi_state.iter().filter(|it| list(it).iter().any(|one| one == region));
        forms.map(|it| it.form.as_str()).collect::<Vec<_>>()
    };
    let write = |state: &&State| {
        sourced(&state.source, &state.checked)?;
        Ok(format!(
            "StateRules{{region:{:?},number:{},accepts:&{:?},disputed:&{:?},refuses:{:?},without_number:{:?}}}",
            state.region,
            number(state.number.as_ref())?,
            lists(&state.region, |it| &it.accepted),
            lists(&state.region, |it| &it.disputed),
            use_codes(&state.refuses)?,
            use_codes(&state.without_number)?
        ))
    };
    by_region
        .values()
        .map(|state| write(state).map_err(|sentence: String| format!("{}: {sentence}", state.region)))
        .collect()
}

/// The phrases of an entry with the form they hold for (empty: all), none of them without letters or there twice.
fn phrases<'a>(
    list: &'a [String],
    forms: &'a [String],
    ids: &BTreeSet<&str>,
    seen: &mut BTreeSet<(String, &'a str)>,
) -> Checked<Vec<(&'a str, &'a str)>> {
    check(!list.is_empty(), || "an entry has no phrases".to_owned())?;
    let forms: Vec<&str> =
        if forms.is_empty() { vec![""] } else { forms.iter().map(String::as_str).collect() };
    for form in forms.iter().filter(|form| !form.is_empty()) {
        check(ids.contains(form), || format!("\"{form}\" is no form"))?;
    }
    let mut out = Vec::new();
    for (phrase, form) in list.iter().flat_map(|phrase| forms.iter().map(move |form| (phrase, *form))) {
        check(!plain(phrase).is_empty(), || format!("\"{phrase}\" has neither letters nor digits"))?;
        check(seen.insert((plain(phrase), form)), || format!("\"{phrase}\" is there twice"))?;
        out.push((phrase.as_str(), form));
    }
    Ok(out)
}

fn number(rule: Option<&Number>) -> Checked<String> {
    let Some(rule) = rule else { return Ok("None".to_owned()) };
    check(!rule.patterns.is_empty(), || "a number rule has no patterns".to_owned())?;
    for pattern in &rule.patterns {
        let known = |c: char| c.is_ascii_digit() || c.is_ascii_uppercase() || " -/.".contains(c);
        check(pattern.contains('9') && pattern.chars().all(known), || {
            format!(
                "the pattern \"{pattern}\" may hold 9, A, capitals, digits, spaces, hyphens, slashes and dots"
            )
        })?;
    }
    let (patterns, exact, severity) = (&rule.patterns, rule.exact, rule.severity);
    Ok(format!("Some(NumberRule{{patterns:&{patterns:?},exact:{exact},severity:Severity::{severity:?}}})"))
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn plains(texts: &[String]) -> Checked<Vec<String>> {
    let plains: Vec<String> = texts.iter().map(|text| plain(text)).collect();
    check(!plains.iter().any(String::is_empty), || format!("{texts:?} holds an empty phrase"))?;
    Ok(plains)
}

fn region(code: &str) -> Checked<&str> {
    check(REGIONS.split_whitespace().any(|it| it == code), || format!("\"{code}\" is no state"))?;
    Ok(code)
}

fn use_code(code: &str) -> Checked<char> {
    let mut chars = code.chars();
    let only = chars.next().filter(|it| ('A'..='N').contains(it) && chars.next().is_none());
    only.ok_or_else(|| format!("\"{code}\" is no entity/use code from A to N"))
}

fn use_codes(codes: &str) -> Checked<&str> {
    let mut seen = BTreeSet::new();
    let known = codes.chars().all(|code| ('A'..='N').contains(&code) && seen.insert(code));
    check(known, || format!("\"{codes}\" are not entity/use codes from A to N, each once"))?;
    Ok(codes)
}

/// Every entry says where it comes from and on which day somebody looked.
fn sourced(source: &str, checked: &Datetime) -> Checked<()> {
    check(!source.trim().is_empty(), || "an entry has no source".to_owned())?;
    check(checked.date.is_some() && checked.time.is_none(), || format!("checked is a day, not {checked}"))
}

fn check(holds: bool, sentence: impl FnOnce() -> String) -> Checked<()> {
    if holds { Ok(()) } else { Err(sentence()) }
}
