//! How deep components, and types of components, lie inside each other in a file.
//!
//! The parser that wasmtime uses reads types by functions that call themselves, so that a file of a few thousand bytes
//! could use up the stack and with it end the process; and validating takes time with the square of the depth of
//! components. Neither is a limit of wasmtime's. Therefore depth is looked at first, in one pass that keeps what is open
//! in a list. What is damaged is left to the validator, which says it better and gets no further than this pass.

use wasmparser::{
    BinaryReader, ComponentType, ComponentTypeDeclaration, InstanceTypeDeclaration, Parser, Payload, Result,
};

/// Levels that a host takes. A component linked from a few others has two or three.
pub(super) const MOST: usize = 32;

/// Whether components, or types, lie deeper inside each other than [`MOST`].
pub(super) fn is_too_deep(file: &[u8]) -> bool {
    let mut open = 0_usize;
    for payload in Parser::new(0).parse_all(file) {
        match payload {
            Ok(Payload::ComponentSection { .. }) if open >= MOST => return true,
            // Modules hold none of their kind, but they end like components.
            Ok(Payload::ComponentSection { .. } | Payload::ModuleSection { .. }) => open += 1,
            Ok(Payload::End(_)) => open = open.saturating_sub(1),
            Ok(Payload::ComponentTypeSection(types)) => {
                let section = file.get(types.range()).unwrap_or_default();
                match has_deep_types(section) {
                    Ok(true) => return true,
                    Ok(false) => {}
                    Err(_) => return false,
                }
            }
            Ok(_) => {}
            Err(_) => return false,
        }
    }
    false
}

/// What a list of declarations stands in.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Section,
    Component,
    Instance,
}

/// The same for the types of one section.
fn has_deep_types(section: &[u8]) -> Result<bool> {
    let mut reader = BinaryReader::new(section, 0);
    // Each list that has been begun, and how much of it is still to come.
    let mut open = vec![(Kind::Section, reader.read_var_u32()?)];
    while let Some((kind, left)) = open.last_mut() {
        let kind = *kind;
        let Some(fewer) = left.checked_sub(1) else {
            open.pop();
            continue;
        };
        *left = fewer;
        if let Some(begun) = begins(&mut reader, kind)? {
            // The section is no level of its own.
            if open.len() > MOST {
                return Ok(true);
            }
            open.push((begun, reader.read_var_u32()?));
            continue;
        }
        match kind {
            Kind::Section => drop(reader.read::<ComponentType<'_>>()?),
            Kind::Component => drop(reader.read::<ComponentTypeDeclaration<'_>>()?),
            Kind::Instance => drop(reader.read::<InstanceTypeDeclaration<'_>>()?),
        }
    }
    Ok(false)
}

/// Goes on to the list of declarations, if the next one is of a type that has such a list.
fn begins(reader: &mut BinaryReader<'_>, within: Kind) -> Result<Option<Kind>> {
    let mut ahead = reader.clone();
    // Among declarations, a type is one kind of them.
    if within != Kind::Section && ahead.read_u8()? != 1 {
        return Ok(None);
    }
    let begun = match ahead.read_u8()? {
        0x41 => Kind::Component,
        0x42 => Kind::Instance,
        _ => return Ok(None),
    };
    *reader = ahead;
    Ok(Some(begun))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Something inside itself so many times, beside other things.
    fn nested(levels: usize, before: &str, after: &str, innermost: &str) -> Vec<u8> {
        let text = format!("(component {}{innermost}{})", before.repeat(levels), after.repeat(levels));
        wat::parse_str(text).unwrap()
    }

    #[test]
    fn components_are_counted_by_level() {
        let components = |levels| nested(levels, "(component (core module) ", "(core module))", "");
        assert!(!is_too_deep(&components(MOST)));
        assert!(is_too_deep(&components(MOST + 1)));
        let beside = format!("(component {})", "(component)".repeat(1_000));
        assert!(!is_too_deep(&wat::parse_str(beside).unwrap()));
    }

    #[test]
    fn types_are_counted_by_level() {
        let other = r#"(type (record (field "a" (option u8)))) (import "f" (func (param "x" string) (result bool)))
            (core type (module (import "a" "b" (func)))) (export "r" (type (sub resource)))"#;
        let components = |levels| nested(levels, &format!("(type (component {other} "), "))", "(type u8)");
        let instances = |levels| nested(levels, "(type (instance (type (list u8)) ", "))", "(type u8)");
        for types in [&components, &instances] as [&dyn Fn(usize) -> Vec<u8>; 2] {
            assert!(!is_too_deep(&types(MOST)));
            assert!(is_too_deep(&types(MOST + 1)));
        }
        let beside = format!("(component {})", "(type (instance (type (component))))".repeat(1_000));
        assert!(!is_too_deep(&wat::parse_str(beside).unwrap()));
    }

    #[test]
    fn what_is_damaged_is_left_to_the_validator() {
        let whole = nested(MOST, "(type (component ", "))", "(type u8)");
        for length in 0..whole.len() {
            assert!(!is_too_deep(&whole[..length]));
        }
        assert!(!is_too_deep(b"\0asm\x0d\0\x01\0\x07\x02\xff\xff"));
    }
}
