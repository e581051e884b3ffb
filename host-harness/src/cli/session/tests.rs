//! What a session is made from.

use super::*;

#[test]
fn the_component_asked_for_wins_over_the_configured_one() {
    let found = find_component(Some(Path::new("a.wasm")), Some(Path::new("b.wasm")));
    assert_eq!(found, Ok(PathBuf::from("a.wasm")));
    assert_eq!(find_component(None, Some(Path::new("b.wasm"))), Ok(PathBuf::from("b.wasm")));
}

#[test]
fn a_built_component_is_looked_for_upwards_then_beside_the_program() {
    let program = Path::new("/x/target/debug/onboard");
    let places = built_components(COMPONENT, Some(Path::new("/a/b")), Some(program));
    assert_eq!(places.first(), Some(&PathBuf::from("/a/b/target/component/ecms_onboarding.wasm")));
    assert!(places.contains(&PathBuf::from("/x/target/component/ecms_onboarding.wasm")));
    assert_eq!(places.last(), Some(&PathBuf::from("/x/target/debug/ecms_onboarding.wasm")));
}

#[test]
fn a_missing_credential_is_named_by_its_variable() {
    let source = CredentialSource::Bearer(crate::secrets::SecretSource::Env("ONBOARD_TEST_UNSET".to_owned()));
    let failure = credentials(&source).unwrap_err();
    assert_eq!((failure.exit, failure.kind), (Exit::Usage, "credentials"));
    assert!(failure.message.contains("ONBOARD_TEST_UNSET"));
}

#[test]
fn who_agrees_has_to_have_a_name() {
    assert_eq!(approver(Some(" Kim ")), Ok("Kim".to_owned()));
    for bad in ["", "  ", "a\nb"] {
        assert_eq!(approver(Some(bad)).map_err(|failure| failure.exit), Err(Exit::Usage), "{bad:?}");
    }
}
