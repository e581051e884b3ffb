//! The small readers that everything rests on: dates, places, numbers, names, countries and states.
#![no_main]

use ecms_onboarding::{
    certificates::{
        names,
        understand::{dates, numbers, places, text::plain},
    },
    geography,
    http::{encode, filter_text},
};
use libfuzzer_sys::fuzz_target;
use onboarding_fuzz::{check_day, text};

fuzz_target!(|bytes: &[u8]| {
    let Some(text) = text(bytes) else { return };
    let (one, other) = text.split_once('\n').unwrap_or((text, ""));
    if let Some(date) = dates::read(one) {
        check_day(&date.iso);
        let again = dates::read(&date.iso).expect("a day as we write it");
        assert_eq!((again.iso, again.ambiguous), (date.iso.clone(), false));
        let later = dates::months_later(&date.iso, u32::from(bytes[0]));
        assert!(later.as_ref().is_none_or(|later| *later >= date.iso));
        later.iter().for_each(|day| check_day(day));
    }
    let _unreadable = dates::months_later(one, 12);
    let number = numbers::cleaned(one);
    assert!(
        number.chars().count() <= 50 && (number.is_empty() || number.chars().any(|c| c.is_ascii_digit()))
    );
    if let Some(place) = places::read(one) {
        assert!(geography::region_name("US", &place.region).is_some(), "{place:?}");
        assert!(!place.city.is_empty() && place.postal_code.len() >= 5, "{place:?}");
    }
    if let Some(region) = places::state(one) {
        assert!(geography::region_name("US", &region).is_some());
        assert_eq!(places::state(&region), Some(region));
    }
    if let Some(country) = geography::country(one) {
        assert_eq!((country.len(), geography::country(country)), (2, Some(country)));
        if let Some(region) = geography::region(country, other) {
            assert_eq!(geography::region(country, &region), Some(region));
        }
    }
    let (there, back) = (names::alike(one, other), names::alike(other, one));
    assert!((0.0..=1.0).contains(&there) && (there - back).abs() < 1e-6, "{there} and {back}");
    assert!(names::names(one).is_empty() || names::alike(one, one) > 0.99);
    assert!(names::house_number(one).chars().count() <= one.chars().count());
    let plain_once = plain(one);
    assert_eq!(plain(&plain_once), plain_once);
    assert!(encode(one).bytes().all(|byte| byte.is_ascii_graphic() && !b"/?#&".contains(&byte)));
    let literal = filter_text(one);
    assert_eq!(literal.matches('\'').count() % 2, 0, "a quote ends the text early");
});
