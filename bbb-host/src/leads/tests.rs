use std::sync::Arc;

use bbb_core::draw::Seed;
use bbb_core::seal::DerivedKeys;

use super::*;

fn taken(list: &str) -> Vec<Lead> {
    parse(list.as_bytes()).unwrap_or_else(|error| panic!("{list:?}: {error}"))
}

fn refused(list: &[u8]) -> String {
    parse(list).map(|leads| leads.len()).expect_err("must be refused").to_string()
}

#[test]
fn columns_come_in_any_order_and_case_and_the_optional_ones_may_be_missing() {
    let leads = taken(
        "\u{feff} NOTE ,Consent,EMAIL,company,Name\r\n\"said \"\"hi\"\", twice\",YES, ada@example.com ,,Ada Lovelace\r\n\r\n,0,b@c.example,X,\r\n",
    );
    let profile = |email: &str, name: &str, company: &str, note: &str| Profile {
        email: email.to_owned(),
        name: name.to_owned(),
        company: company.to_owned(),
        note: note.to_owned(),
    };
    assert_eq!(leads[0], Lead { profile: profile("ada@example.com", "Ada Lovelace", "", "said \"hi\", twice"), consent: true });
    assert_eq!(leads[1], Lead { profile: profile("b@c.example", "", "X", ""), consent: false });
    assert_eq!(leads.len(), 2);
    for (text, consent) in [("yes", true), ("TRUE", true), ("1", true), ("No", false), ("false", false), ("0", false)] {
        assert_eq!(taken(&format!("email,consent\na@b.example,{text}"))[0].consent, consent);
    }
}

#[test]
fn every_problem_is_told_with_line_and_column_and_without_the_cell() {
    let check = |list: &str, expected: &[&str]| {
        let told = refused(list.as_bytes());
        assert_eq!(told.lines().collect::<Vec<_>>(), expected, "{list:?}");
        assert!(!told.contains("eve"), "{told}");
    };
    check("", &["line 1: the first line must name the columns"]);
    check("email,consent\n", &["line 1: there is no lead below the column names"]);
    check("name\nEve", &["line 1, email: this column is missing", "line 1, consent: this column is missing"]);
    check("email,consent,Email\n", &["line 1, email: this column is there twice"]);
    check("email,consent,eve\n", &["line 1: column 3 is none of email, name, company, consent, note"]);
    check("email,consent\neve@example.com\n", &["line 2: 1 cells instead of 2"]);
    check("email,consent\neve@example.com,yes,more\n", &["line 2: 3 cells instead of 2"]);
    check(
        "email,consent\neve,perhaps\n\n\"eve@\nexample.com\",\n",
        &[
            "line 2, email: a mail address looks like name@domain.example",
            "line 2, consent: must be yes or no, true or false, 1 or 0",
            "line 4, email: has line breaks or other control characters",
            "line 4, consent: must be yes or no, true or false, 1 or 0",
        ],
    );
    check(
        "consent,email\nyes,eve@example.com\nyes,a@b.example\nno,EVE@Example.com\nno,eve@example.com\n",
        &["line 4, email: the same address stands on line 2", "line 5, email: the same address stands on line 2"],
    );
    check("email,consent,name\neve@example.com,yes,a\u{7}b\n", &["line 2, name: has line breaks or other control characters"]);
    check("email,consent,name\nbücher@example.com,yes,\n", &["line 2, email: a mail address has ASCII characters only"]);
    let long = format!("email,consent,note\na@b.example,yes,{}\n", "x".repeat(MAX_CELL_CHARS + 1));
    check(&long, &["line 2, note: has 1001 characters, at most 1000 are allowed"]);
    assert_eq!(refused(b"email,consent,name\na@b.example,yes,\xff\n"), "line 2, name: is not UTF-8");
    assert!(taken(&long.replace("xx", "x").replace("\u{7}", "")).len() == 1);
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    for (list, line) in [
        ("email,consent\nx,yes", 2),
        ("email,consent\r\nx,yes\r\n", 2),
        ("email,consent\r\n\r\n\r\nx,yes\r\n", 4),
        ("email,consent\rx,yes\r", 2),
        ("\n\nemail,consent\na@b.example,no\n\nx,yes\n", 6),
        ("email,consent\n\"a@b.example\",no\nx,yes\n", 3),
    ] {
        let told = refused(list.as_bytes());
        assert!(told.starts_with(&format!("line {line}, email")), "{list:?}: {told}");
    }
}

#[test]
fn a_quote_that_is_never_closed_does_not_swallow_the_list() {
    let told = refused(b"email,consent,note\na@b.example,yes,\"open\nc@d.example,yes,x\n");
    assert_eq!(told, "line 2, note: has line breaks or other control characters");
}

#[test]
fn problems_and_leads_are_counted_up_to_their_limit() {
    let bad: String = std::iter::once("email,consent\n".to_owned()).chain((0..100).map(|_| "x,yes\n".to_owned())).collect();
    let Err(Error::Problems { problems, more }) = parse(bad.as_bytes()) else { panic!("must be refused") };
    assert_eq!((problems.len(), more, problems[19].line), (MAX_PROBLEMS, true, 21));
    let rows = |count: usize| (0..count).fold("email,consent\n".to_owned(), |list, row| list + &format!("p{row}@example.com,no\n"));
    assert_eq!(taken(&rows(MAX_LEADS)).len(), MAX_LEADS);
    assert_eq!(refused(rows(MAX_LEADS + 50).as_bytes()), "line 10002: a list has at most 10000 leads");
}

#[test]
fn arrivals_are_sealed_and_named_by_their_contact() {
    let vault = Vault::new(Arc::new(DerivedKeys::new(Seed::new(1))));
    let leads = taken("email,name,consent\nAda@Example.com,Ada,yes\nb@c.example,,no\n");
    let arrivals = arrivals(&leads, &vault).expect("sealed");
    assert_eq!(arrivals.len(), 2);
    let Arrival { source, external_id, signal: Signal::LeadArrived { contact, channel, consent, profile } } = &arrivals[0] else {
        panic!("not a lead: {:?}", arrivals[0])
    };
    assert_eq!((source.as_str(), *channel, *consent), (SOURCE, Channel::Email, true));
    assert_eq!((*contact, external_id), (vault.contact_id("ada@example.com"), &contact.to_string()));
    let opened: Profile = serde_json::from_str(vault.open(profile).expect("same vault").reveal()).expect("a profile");
    assert_eq!(opened, leads[0].profile);
    let printed = format!("{arrivals:?} {leads:?}");
    assert!(!printed.to_lowercase().contains("example.com"), "{printed}");
}

#[test]
fn files_are_read_up_to_their_limit() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("leads.csv");
    assert!(matches!(read(&path), Err(Error::Io { .. })));
    std::fs::write(&path, "email,consent\na@b.example,yes\n").expect("writable");
    assert_eq!(read(&path).expect("good").len(), 1);
    let file = std::fs::File::options().write(true).open(&path).expect("writable");
    file.set_len(MAX_BYTES as u64 + 1).expect("sparse");
    assert!(matches!(read(&path), Err(Error::TooLarge { .. })));
}

proptest::proptest! {
    #[test]
    fn no_list_makes_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200), tail in "[a@.\",\n\r yes]{0,120}") {
        let list = [b"email,consent,name\n".as_slice(), tail.as_bytes(), &bytes].concat();
        let _ = parse(&bytes);
        let _ = parse(&list);
    }
}
