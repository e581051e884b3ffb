//! A run that was stopped or killed is finished by `onboard resume`, with exactly what was confirmed and nothing twice.
#![cfg(unix)]

use std::{
    thread,
    time::{Duration, Instant},
};

use onboarding_tests::{
    APPROVER, Stage,
    process::{everything_is_recorded, interrupt, preview, ran, slow_stage, start, until_written},
};

const SYNC: &[&str] = &["sync", "--yes"];

#[test]
fn ctrl_c_stops_at_a_safe_point_and_resume_goes_on_with_exactly_what_was_confirmed() {
    let stage = slow_stage();
    let nothing = stage.onboard(&["resume"]);
    nothing.expect(0);
    assert!(nothing.printed().contains("Nothing is open"), "{}", nothing.stdout);

    let (planned, digest) = preview(&stage, &["sync"]);
    let mut running =
        start(&stage, &["sync", "--json", "--confirm", &digest, "--approved-by", "Kim Example"]);
    until_written(&stage, &mut running, 0, 1);
    interrupt(&running);
    let stopped = ran(running.wait_with_output().unwrap());
    stopped.expect(4);
    assert!(stopped.said().contains("Stopping at the next safe point"), "{}", stopped.stderr);
    let document = stopped.document();
    let applied = &document["result"]["applied"];
    let remaining = applied["remaining"].as_u64().unwrap();
    assert_eq!(applied["stopped"], true);
    let next = document["error"]["next"].as_str().unwrap();
    assert!(next.contains("Go on with `onboard resume"), "{next}");
    let written = stage.sim().count("customers");
    assert!(written > 0 && written + remaining == planned, "{written} and {remaining} of {planned}");

    stage.sim().set_faults(&[]);
    let document = stage.json(&["resume"], 0);
    let resumed = &document["result"]["resumed"];
    assert_eq!(resumed.as_array().unwrap().len(), 1);
    let one = &resumed[0];
    assert_eq!((&one["operation"], &one["approved_by"]), (&"sync".into(), &"Kim Example".into()));
    assert_eq!((&one["digest"], &one["open"]), (&digest.as_str().into(), &remaining.into()));
    assert_eq!(one["applied"]["remaining"], 0);
    assert_eq!(stage.sim().count("customers"), planned);
    assert_eq!(stage.sim().repeated(), [""; 0]);
    everything_is_recorded(&stage);

    let before = stage.sim().effects();
    let nothing = stage.onboard(&["resume"]);
    nothing.expect(0);
    assert!(nothing.printed().contains("every plan that was confirmed is finished"), "{}", nothing.stdout);
    assert_eq!(stage.sim().effects(), before);
}

#[test]
fn a_second_ctrl_c_leaves_at_once_and_resume_goes_on_all_the_same() {
    let stage = slow_stage();
    let (planned, digest) = preview(&stage, &["sync"]);
    stage.sim().set_faults(&["slow:ms=1000"]);
    let mut running = start(&stage, &["sync", "--confirm", &digest]);
    until_written(&stage, &mut running, 0, 1);
    interrupt(&running);
    thread::sleep(Duration::from_millis(200));
    interrupt(&running);
    let begun = Instant::now();
    let left = ran(running.wait_with_output().unwrap());
    left.expect(130);
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert!(left.said().contains("Left at once. Go on with `onboard resume"), "{}", left.stderr);
    stage.sim().set_faults(&[]);
    let ran = stage.onboard(&["resume"]);
    ran.expect(0);
    assert!(ran.printed().contains(&format!("that {APPROVER} confirmed on")), "{}", ran.stdout);
    assert_eq!(stage.sim().count("customers"), planned);
    assert_eq!(stage.sim().repeated(), [""; 0]);
}

#[test]
fn certificates_and_invitations_that_were_stopped_are_finished_by_resume() {
    let stage = Stage::build().setting("window = 2").start();
    stage.json(SYNC, 0);
    let (planned, digest) = preview(&stage, &["certificates", "both", "--delivery", "link"]);
    let before = stage.sim().writes();
    stage.sim().set_faults(&["slow:ms=40"]);
    let arguments = ["certificates", "both", "--delivery", "link", "--json", "--confirm", &digest];
    let mut running = start(&stage, &arguments);
    until_written(&stage, &mut running, before, 4);
    interrupt(&running);
    let stopped = ran(running.wait_with_output().unwrap());
    stopped.expect(4);
    let next = stopped.document()["error"]["next"].as_str().unwrap().to_owned();
    assert!(next.contains("`onboard resume --delivery link"), "{next}");
    stage.sim().set_faults(&[]);
    // What was confirmed was links, not e-mails.
    let document = stage.json(&["resume"], 6);
    assert_eq!(document["error"]["kind"], "plan-mismatch");
    let document = stage.json(&["resume", "--delivery", "link"], 0);
    let one = &document["result"]["resumed"][0];
    assert_eq!((&one["operation"], &one["option"]), (&"certificates".into(), &"both".into()));
    assert_eq!(one["writes"], planned);
    assert_eq!(one["applied"]["remaining"], 0);
    let sim = stage.sim();
    assert_eq!(sim.count("certificates") + sim.count("invitations"), planned);
    assert_eq!(sim.count("links"), sim.count("certificates"));
    assert_eq!(sim.repeated(), [""; 0]);
    everything_is_recorded(&stage);
}

#[test]
fn a_plan_that_a_newer_preview_has_replaced_is_not_resumed() {
    let stage = slow_stage();
    let mut running = start(&stage, SYNC);
    until_written(&stage, &mut running, 0, 1);
    interrupt(&running);
    ran(running.wait_with_output().unwrap()).expect(4);
    stage.sim().set_faults(&[]);
    let (left, _) = preview(&stage, &["sync"]);
    let before = stage.sim().effects();
    let ran = stage.onboard(&["resume"]);
    ran.expect(6);
    assert!(ran.said().contains("is not the newest one"), "{}", ran.stderr);
    assert!(ran.said().contains("onboard sync --component"), "{}", ran.stderr);
    assert_eq!(stage.sim().effects(), before);
    stage.json(SYNC, 0);
    assert_eq!(stage.sim().writes(), before.len() + usize::try_from(left).unwrap());
    assert_eq!(stage.sim().repeated(), [""; 0]);
}

#[test]
fn a_second_process_is_told_who_is_at_work_and_a_lock_left_behind_is_in_nobodys_way() {
    let stage = slow_stage();
    let (planned, digest) = preview(&stage, &["sync"]);
    // Slow enough for all that is tried meanwhile.
    stage.sim().set_faults(&["slow:ms=2000"]);
    let mut running = start(&stage, &["sync", "--confirm", &digest]);
    until_written(&stage, &mut running, 0, 1);
    let second = stage.onboard(SYNC);
    second.expect(2);
    let holder = format!("in use by another run (process {}, at work since 20", running.id());
    assert!(second.said().contains(&holder), "{}", second.stderr);
    assert_eq!(stage.json(&["resume"], 2)["error"]["kind"], "journal-in-use");
    // Looking is nobody's business to forbid.
    stage.json(&["status"], 0);
    assert_eq!(stage.json(&["journal", "verify"], 0)["result"]["whole"], true);
    assert_eq!(running.try_wait().unwrap(), None, "the run ended before everything was tried");

    running.kill().unwrap();
    running.wait().unwrap();
    assert!(stage.data_dir().join("journal.sqlite.lock").exists());
    let open = stage.onboard(&["journal", "show", "--open"]);
    assert!(open.expect(0).printed().contains("intent create-customer"), "{}", open.stdout);
    stage.sim().set_faults(&[]);
    let document = stage.json(&["resume"], 0);
    assert!(document["result"]["resumed"][0]["begun"].as_u64().unwrap() > 0);
    assert_eq!(stage.sim().count("customers"), planned);
    assert_eq!(stage.sim().repeated(), [""; 0]);
    assert_eq!(stage.onboard(&["journal", "show", "--open"]).expect(0).stdout, "");
}
