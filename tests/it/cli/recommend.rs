//! `bbb recommend`.

use super::Place;

#[test]
fn a_founder_is_told_what_fits_and_how_sure_it_is() {
    let place = Place::new();
    let args = ["recommend", "--budget", "3000", "--hours", "15", "--draws", "500"];
    let told = place.bbb(&args).ok();
    for words in ["RECOMMENDATIONS (SIMULATED), 12 months", "$3,000.00 and 15 hours a week", "no forecast", "--all shows all"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(!told.contains("does not fit:"));
    let all = place.bbb(&[&args[..], &["--all"]].concat()).ok();
    assert!(all.contains("does not fit: opening costs"));
    let json = place.bbb(&[&args[..], &["--json"]].concat()).json();
    let found = json["recommendations"].as_array().unwrap();
    assert_eq!((json["simulated"].as_bool(), found.len()), (Some(true), 33));
    let first = &found[0];
    assert_eq!((first["fits"].as_bool(), first["outlook"]["draws"].as_u64()), (Some(true), Some(500)));
    assert!(told.contains(first["name"].as_str().unwrap()));
    assert_eq!(json, place.bbb(&[&args[..], &["--json"]].concat()).json(), "the same seed tells the same");
}

#[test]
fn what_no_founder_has_is_refused() {
    let place = Place::new();
    for (args, words) in [
        (&["recommend", "--hours", "15"][..], "--budget"),
        (&["recommend", "--budget", "-5", "--hours", "15"], "is not an amount"),
        (&["recommend", "--budget", "3000", "--hours", "81"], "1..=80"),
        (&["recommend", "--budget", "3000", "--hours", "15", "--months", "0"], "1..=120"),
    ] {
        place.bbb(args).fails(2, words);
    }
}
