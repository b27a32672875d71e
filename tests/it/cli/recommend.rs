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
        (&["recommend", "--budget", "3000"], "--hours 1-80 is needed"),
        (&["recommend", "--budget", "3000", "--hours", "15", "--state", "XX"], "\"XX\" is no US state: give two letters such as CA"),
        (&["recommend", "--budget", "3000", "--hours", "15", "--name", " "], "at least one letter"),
        (&["recommend", "--budget", "3000", "--hours", "15", "--industry", "mining"], "there are: Consulting, Creative"),
        (&["recommend", "--budget", "3000", "--hours", "15", "--html", "x.html"], "--portfolio"),
        (&["recommend", "--budget", "3000", "--hours", "15", "--portfolio", "--all"], "cannot be used with"),
        (&["recommend", "--budget", "3000", "--hours", "15", "--portfolio", "--force"], "--html"),
    ] {
        place.bbb(args).fails(2, words);
    }
}

#[test]
fn the_state_names_its_office_and_who_grants_a_licence() {
    let place = Place::new();
    let args = ["recommend", "--budget", "5000", "--hours", "30", "--draws", "50", "--all", "--name", "Ada", "--state", "new york"];
    let told = place.bbb(&args).ok();
    for words in [
        "for Ada, 12 months",
        "New York: Department of State, https://dos.ny.gov/ (not verified)",
        "what another state granted does not count in New York",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let json = place.bbb(&[&args[..], &["--json"]].concat()).json();
    assert_eq!((json["founder"]["state"]["code"].as_str(), json["founder"]["name"].as_str()), (Some("NY"), Some("Ada")));
    assert_eq!((json["registration"]["verified"].as_bool(), json["registration"]["source"].as_str()), (Some(false), Some("New York")));
}

#[test]
fn a_file_says_who_asks_and_flags_count_before_it() {
    let place = Place::new();
    place.write("ada.toml", "name = \"Ada\"\nstate = \"OH\"\nbudget_usd = 3000\nhours_per_week = 15\nrisk = \"bold\"\n");
    let args = ["recommend", "--founder", "ada.toml", "--draws", "50", "--json"];
    let founder = |more: &[&str]| place.bbb(&[&args[..], more].concat()).json()["founder"].clone();
    let told = founder(&[]);
    assert_eq!(
        (told["risk"].as_str(), told["budget_usd_cents"].as_i64(), told["state"]["name"].as_str()),
        (Some("bold"), Some(300_000), Some("Ohio"))
    );
    let told = founder(&["--risk", "careful", "--state", "dc", "--hours", "20"]);
    assert_eq!(
        (told["risk"].as_str(), told["hours_per_week"].as_i64(), told["state"]["code"].as_str()),
        (Some("careful"), Some(20), Some("DC"))
    );
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/founder.toml");
    assert_eq!(place.bbb(&["recommend", "--founder", example, "--draws", "5", "--json"]).json()["founder"]["industry"], "Education");
    place.write("wrong.toml", "name = \"Ada\"\n\nhobby = \"tennis\"\n");
    place.bbb(&["recommend", "--founder", "wrong.toml"]).fails(2, "wrong.toml, line 3: unknown field `hobby`");
    place.write("deep.toml", &format!("x = {}", "[\n".repeat(20_000)));
    place.bbb(&["recommend", "--founder", "deep.toml"]).fails(2, "deep.toml, line ");
    place.write("long.toml", &"# no\n".repeat(20_000));
    place.bbb(&["recommend", "--founder", "long.toml"]).fails(2, "over the limit");
    place.bbb(&["recommend", "--founder", "none.toml"]).fails(3, "none.toml");
    place.bbb(&["recommend", "--founder", "."]).fails(1, ".");
}

#[test]
fn an_interview_is_held_on_a_pipe_where_that_is_asked_for() {
    let place = Place::new();
    let args = ["recommend", "--interview", "--draws", "50"];
    let ran = place.told(&args, "Ada\nXX\nTexas\n\n99\n15\n$3,000\n\n");
    assert!(ran.err.contains("\"XX\" is no US state") && ran.err.contains("from 1 to 80"), "{}", ran.err);
    assert!(!ran.out.contains("Which US state"), "questions stand apart from the result");
    let told = ran.ok();
    assert!(told.contains("for Ada") && told.contains("$3,000.00 and 15 hours a week") && told.contains("Texas: "), "{told}");
    let json = place.told(&["recommend", "--interview", "--draws", "50", "--json", "--budget", "700"], "\n\n\n9\n\nbold\n").json();
    assert_eq!((json["founder"]["budget_usd_cents"].as_i64(), json["founder"]["risk"].as_str()), (Some(70_000), Some("bold")));
    place.told(&args, "Ada\nTX\n").fails(2, "the interview ended before an answer to: Which branch");
    place.told(&args, "").fails(2, "What are you called?");
    // Where nobody is there to be asked, nobody is.
    place.told(&["recommend"], "Ada\n").fails(2, "--budget USD is needed");
}

#[test]
fn portfolios_are_told_drawn_and_the_same_for_a_seed() {
    let place = Place::new();
    let args = ["recommend", "--budget", "3000", "--hours", "40", "--draws", "500", "--portfolio"];
    let told = place.bbb(&args).ok();
    for words in [
        "PORTFOLIOS (SIMULATED), 12 months",
        "* suits your risk best",
        "WORST 5%",
        "Blueprints of one industry have 50%",
        "These are assumptions",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let json = place.bbb(&[&args[..], &["--json"]].concat()).json();
    assert_eq!(json, place.bbb(&[&args[..], &["--json"]].concat()).json());
    let points = json["frontier"]["points"].as_array().unwrap();
    assert!(points.len() > 2 && json["simulated"] == true);
    for point in points {
        assert!(point["opening_usd_cents"].as_i64().unwrap() <= 300_000 && point["hours_per_week"].as_i64().unwrap() <= 40, "{point}");
    }
    let figures = |name: &str| points.iter().map(|point| point[name].as_i64().unwrap()).collect::<Vec<_>>();
    assert!(figures("expected_profit_usd_cents").is_sorted_by(|a, b| a < b) && figures("deviation_usd_cents").is_sorted_by(|a, b| a < b));
    let drawn = [&args[..], &["--html", "front.html"]].concat();
    place.bbb(&drawn).ok();
    let page = std::fs::read_to_string(place.path().join("front.html")).unwrap();
    assert!(page.contains("<svg") && page.contains("Simulated: nothing here has happened") && page.ends_with("</html>"));
    place.bbb(&drawn).fails(4, "front.html is there already: --force writes over it");
    place.bbb(&[&drawn[..], &["--force"]].concat()).ok();
    let none = place.bbb(&["recommend", "--budget", "1", "--hours", "1", "--draws", "5", "--portfolio"]).ok();
    assert!(none.contains("No blueprint can be opened with $1.00 and 1 hour a week"), "{none}");
}
