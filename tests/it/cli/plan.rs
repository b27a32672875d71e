//! `bbb plan`.

use super::Place;

const ARGS: [&str; 4] = ["plan", "AI Chatbot Integration Service", "--draws", "500"];

fn with(more: &[&str]) -> Vec<String> {
    ARGS.iter().chain(more).map(|arg| (*arg).to_owned()).collect()
}

/// The golden page of Markdown; `BBB_WRITE_GOLDEN=1` writes it anew.
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/plan.md");

#[test]
fn a_plan_reads_as_it_did() {
    let place = Place::new();
    let told = place.bbb(&with(&["--name", "Ada", "--state", "DE", "--budget", "2000", "--hours", "15"])).ok();
    if std::env::var_os("BBB_WRITE_GOLDEN").is_some() {
        std::fs::write(GOLDEN, &told).unwrap();
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap();
    for (line, (found, wanted)) in told.lines().zip(golden.lines()).enumerate() {
        assert_eq!(found, wanted, "line {}", line + 1);
    }
    assert_eq!(told.lines().count(), golden.lines().count());
}

#[test]
fn the_weeks_of_all_forms_are_the_same_and_sum_to_the_planning_figures() {
    let place = Place::new();
    let json = place.bbb(&with(&["--json"])).json();
    assert_eq!(json, place.bbb(&with(&["--format", "json"])).json());
    assert_eq!(json["simulated"], true);
    let flow = &json["plan"]["cash_flow"];
    let weeks = flow["weeks"].as_array().unwrap();
    let sum = |name: &str| weeks.iter().map(|week| week[name].as_i64().unwrap()).sum::<i64>();
    // A ramp-up of one month: three full months of $8,200 and $2,200, and $800 to open.
    assert_eq!((sum("revenue_usd_cents"), sum("expenses_usd_cents"), sum("opening_usd_cents")), (2_460_000, 660_000, 80_000));
    assert_eq!(weeks[12]["balance_usd_cents"].as_i64(), Some(80_000 + 2_460_000 - 660_000 - 80_000));
    let csv = place.bbb(&with(&["--format", "csv"])).ok();
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!((rows.len(), rows[0].len(), rows[0][0], rows[0][4]), (14, 11, "week", "planned_revenue_usd"));
    let bands = json["plan"]["band"]["weeks_usd_cents_p10_p50_p90"].as_array().unwrap();
    for ((row, week), band) in rows[1..].iter().zip(weeks).zip(bands) {
        let cents = |text: &str| text.replace('.', "").parse::<i64>().unwrap();
        assert!(row.iter().all(|cell| !cell.is_empty()));
        assert_eq!(
            (cents(row[4]), cents(row[7])),
            (week["revenue_usd_cents"].as_i64().unwrap(), week["balance_usd_cents"].as_i64().unwrap())
        );
        assert_eq!([8, 9, 10].map(|at| cents(row[at])), [0, 1, 2].map(|at| band[at].as_i64().unwrap()));
    }
    let steps = json["plan"]["checklist"].as_array().unwrap();
    assert_eq!(steps.len(), 7);
    for link in steps.iter().flat_map(|step| step["links"].as_array().unwrap()) {
        assert!(link["url"].as_str().unwrap().starts_with("http") && !link["source"].as_str().unwrap().is_empty());
        assert_eq!(link["verified"] == false, link["checked"] == "not verified", "{link}");
    }
}

#[test]
fn the_page_needs_nothing_else_and_says_what_its_figures_are() {
    let place = Place::new();
    let args = with(&["--name", "<script>alert(1)</script>", "--state", "CA", "--out", "plan.html"]);
    assert!(place.bbb(&args).ok().contains("wrote the plan of AI Chatbot Integration Service to plan.html"));
    let page = std::fs::read_to_string(place.path().join("plan.html")).unwrap();
    for words in [
        "(planned)",
        "(simulated)",
        "nothing here has happened",
        "@media print",
        "break-before: page",
        "bizfileonline.sos.ca.gov",
        "not verified",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert_eq!(page.matches("<svg").count(), 2);
    for words in ["<script", "<link", "<img", "src=", "@import", "url(", "onload"] {
        assert!(!page.contains(words), "{words}");
    }
}

#[test]
fn a_file_is_not_written_over_unless_that_is_asked_for() {
    let place = Place::new();
    for (file, words) in [("a.md", "# AI Chatbot"), ("a.csv", "week,from_day"), ("a.json", "{"), ("a.txt", "# AI Chatbot")] {
        place.write(file, "mine");
        place.bbb(&with(&["--out", file])).fails(4, "is there already: --force writes over it");
        assert_eq!(std::fs::read_to_string(place.path().join(file)).unwrap(), "mine");
        place.bbb(&with(&["--out", file, "--force"])).ok();
        assert!(std::fs::read_to_string(place.path().join(file)).unwrap().starts_with(words), "{file}");
    }
    let json = place.bbb(&with(&["--out", "b.html", "--format", "html", "--json"])).json();
    assert_eq!(json["file"], "b.html");
    place.bbb(&with(&["--out", "no/such/dir.md"])).fails(3, "no/such/dir.md");
    place.bbb(&with(&["--out", ".", "--force"])).fails(1, ".");
}

#[test]
fn the_best_fitting_blueprint_is_planned_where_none_is_named() {
    let place = Place::new();
    let me = ["--budget", "3000", "--hours", "20", "--draws", "200"];
    let first = place.bbb(&[&["recommend", "--json"], &me[..]].concat()).json()["recommendations"][0]["name"].clone();
    let json = place.bbb(&[&["plan", "--json"], &me[..]].concat()).json();
    assert_eq!(json["plan"]["business"]["name"], first);
    assert_eq!(json["plan"]["cash_flow"]["money_usd_cents"].as_i64(), Some(300_000));
    let asked = place.told(&["plan", "--interview", "--json", "--draws", "200"], "Ada\nTX\n\n20\n3000\n\n").json();
    assert_eq!((asked["plan"]["business"]["name"].clone(), asked["plan"]["founder"].as_str()), (first, Some("Ada")));
    place.bbb(&["plan", "--budget", "1", "--hours", "1", "--draws", "5"]).fails(4, "no template fits");
    let own = place.bbb(&["plan", "Weekly lunch menus for restaurants", "--draws", "50"]).ok();
    assert!(own.contains("those of Social Media Management for Restaurants"), "{own}");
    let short = place.bbb(&["plan", "Co-Working Space Operator", "--budget", "5000", "--hours", "10", "--draws", "50"]).ok();
    assert!(short.contains("$7,000.00 more than there is") && short.contains("30 more than there are"), "{short}");
}

#[test]
fn what_cannot_be_planned_is_refused() {
    let place = Place::new();
    for (args, words) in [
        (&["plan"][..], "--budget USD is needed"),
        (&["plan", ""], "the text is empty"),
        (&["plan", "Podcast Production Studo"], "the closest are: Podcast Production Studio"),
        (&["plan", "a\u{7}b"], "control character"),
        (&["plan", "x y z", "--format", "pdf"], "md, json, csv, html"),
        (&["plan", "x y z", "--format", "csv", "--json"], "leave --format away"),
        (&["plan", "x y z", "--force"], "--out"),
        (&["plan", "x y z", "--draws", "0"], "1..=100000"),
        (&["plan", "x y z", "--state", "Bavaria"], "\"Bavaria\" is no US state"),
        (&["plan", "x y z", "--budget", "-1"], "is not an amount"),
        (&["plan", "x y z", "--seed", "-1"], "--seed"),
    ] {
        place.bbb(args).fails(2, words);
    }
}
