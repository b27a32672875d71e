use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use bbb_core::seal::Vault;

use super::*;

struct Place {
    dir: tempfile::TempDir,
}

fn business() -> BusinessId {
    BusinessId::from_bytes(*b"business")
}

fn contact(name: u8) -> ContactId {
    ContactId::from_bytes([name; 8])
}

impl Place {
    fn new() -> Place {
        Place { dir: tempfile::tempdir().expect("a temporary directory") }
    }

    /// The keys of a new business, in a directory of its own.
    fn make(&self) -> FileKeys {
        let owner = OwnerKey::make(self.dir.path()).expect("new");
        FileKeys::make(self.dir.path(), business(), &owner).expect("new")
    }

    fn open(&self) -> Result<FileKeys, Error> {
        FileKeys::find(self.dir.path(), business(), &OwnerKey::find(self.dir.path())?)
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join(format!("{}.keys", business()))
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(self.path()).expect("the key file")
    }

    /// Writes the file as a crash could have left it.
    fn leave(&self, bytes: &[u8]) {
        fs::write(self.path(), bytes).expect("the key file");
    }
}

fn key(keys: &FileKeys, name: u8) -> [u8; 32] {
    keys.contact_key_or_new(contact(name)).expect("a key").0
}

#[test]
fn keys_are_random_and_the_same_after_opening_again() {
    let place = Place::new();
    let keys = place.make();
    let (first, second, index) = (key(&keys, 1), key(&keys, 2), keys.index_key().0);
    assert!(first != second && first != index && first == key(&keys, 1));
    drop(keys);
    let keys = place.open().expect("there");
    assert_eq!((key(&keys, 1), key(&keys, 2), keys.index_key().0), (first, second, index));
    assert_ne!(key(&Place::new().make(), 1), first);
    let bytes = place.bytes();
    assert!(![first, second, index].iter().any(|key| bytes.windows(32).any(|window| window == key)), "a key stands there in plain");
    for file in [place.path(), place.dir.path().join("owner.key")] {
        assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(fs::read_dir(place.dir.path()).expect("there").count(), 2, "drafts are left over");
    assert_eq!(format!("{:?} {keys:?}", keys.owner), format!("*** FileKeys {{ path: {:?}, .. }}", place.path()));
}

#[test]
fn files_that_others_could_read_are_refused() {
    for (name, mode) in [("owner.key", 0o640), ("owner.key", 0o604), ("keys", 0o644), ("keys", 0o620)] {
        let place = Place::new();
        drop(place.make());
        let path = if name == "keys" { place.path() } else { place.dir.path().join(name) };
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("own file");
        let error = place.open().expect_err("exposed");
        assert!(matches!(&error, Error::Exposed { path: told, mode: m } if *told == path && *m == mode), "{error}");
        assert!(error.to_string().contains(&path.display().to_string()));
    }
}

#[test]
fn what_is_missing_is_named_and_never_made_anew_and_what_is_there_is_never_replaced() {
    let place = Place::new();
    let keys = place.make();
    let header = place.bytes();
    let vault = Vault::new(Arc::new(keys));
    let sealed = vault.seal(contact(1), "about Ada").expect("short");
    drop(vault);
    let owner = OwnerKey::find(place.dir.path()).expect("there");
    assert!(OwnerKey::make(place.dir.path()).is_err() && FileKeys::make(place.dir.path(), business(), &owner).is_err());
    assert_eq!(place.bytes()[..SLOT_BYTES], header, "what is there is not replaced");
    for (file, what) in [("owner.key".to_owned(), "the owner's key is missing"), (format!("{}.keys", business()), "the keys of biz_")] {
        let path = place.dir.path().join(&file);
        let bytes = fs::read(&path).expect("there");
        fs::remove_file(&path).expect("own file");
        let error = place.open().expect_err("missing").to_string();
        assert!(error.contains(what) && error.contains(&path.display().to_string()) && error.contains("backup"), "{error}");
        assert_eq!(fs::read_dir(place.dir.path()).expect("there").count(), 1, "{file} was made anew");
        fs::write(&path, bytes).expect("own file");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("own file");
    }
    // Reading makes no key either: it could not open what is there already.
    let keys = Arc::new(place.open().expect("there"));
    let vault = Vault::new(keys.clone());
    let size = place.bytes().len();
    assert!(matches!(keys.contact_key(contact(2)), Err(seal::Error::NoKey(_))));
    assert_eq!((vault.open(&sealed).expect("own text").reveal(), place.bytes().len()), ("about Ada", size));
}

#[test]
fn an_erased_key_is_gone_for_good_and_its_text_with_it() {
    let place = Place::new();
    let keys = Arc::new(place.make());
    let vault = Vault::new(keys.clone());
    let (ada, eve) = (vault.contact_id("ada@example.com"), vault.contact_id("eve@example.com"));
    let sealed = vault.seal(ada, "about Ada").expect("short");
    let kept = vault.seal(eve, "about Eve").expect("short");
    keys.erase(ada).expect("durable");
    keys.erase(ada).expect("once more is no error");
    keys.erase(contact(9)).expect("someone who never had a key");
    assert_eq!(vault.open(&sealed), Err(seal::Error::Erased(ada)));
    let size = place.bytes().len();
    drop((vault, keys));
    let keys = Arc::new(place.open().expect("there"));
    let vault = Vault::new(keys.clone());
    assert_eq!(vault.open(&sealed), Err(seal::Error::Erased(ada)));
    assert_eq!(vault.seal(ada, "again"), Err(seal::Error::Erased(ada)));
    assert!(matches!(keys.contact_key(contact(9)), Err(seal::Error::Erased(_))));
    assert_eq!(vault.open(&kept).expect("not erased").reveal(), "about Eve");
    assert_eq!((place.bytes().len(), size), (size, 5 * SLOT_BYTES), "a header, two keys and two marks");
    let erased = &place.bytes()[SLOT_BYTES..2 * SLOT_BYTES];
    assert!(erased[16..80].iter().all(|byte| *byte == 0), "the wrapped key still stands there");
}

#[test]
fn a_slot_that_a_crash_cut_off_at_any_byte_is_ignored_and_written_over() {
    let place = Place::new();
    let keys = place.make();
    let first = key(&keys, 1);
    let before = place.bytes().len();
    key(&keys, 2);
    drop(keys);
    let whole = place.bytes();
    for cut in before..whole.len() {
        // Some file systems extend the file first and leave zeros.
        for zeros in [0, whole.len() - cut] {
            let mut bytes = whole[..cut].to_vec();
            bytes.resize(cut + zeros, 0);
            place.leave(&bytes);
            let keys = place.open().unwrap_or_else(|error| panic!("cut at {cut}, {zeros} zeros: {error}"));
            assert_eq!(key(&keys, 1), first);
            let third = key(&keys, 3);
            drop(keys);
            let keys = place.open().expect("whole again");
            assert_eq!((key(&keys, 1), key(&keys, 3)), (first, third), "cut at {cut}, {zeros} zeros");
        }
    }
}

#[test]
fn an_erasure_that_a_crash_cut_off_at_any_byte_is_completed() {
    let place = Place::new();
    let keys = place.make();
    key(&keys, 1);
    let second = key(&keys, 2);
    let before = place.bytes();
    keys.erase(contact(1)).expect("durable");
    drop(keys);
    let after = place.bytes();
    for cut in 0..=SLOT_BYTES {
        // The mark is durable, and the slot is overwritten up to `cut`.
        let mut bytes = after.clone();
        bytes[SLOT_BYTES + cut..2 * SLOT_BYTES].copy_from_slice(&before[SLOT_BYTES + cut..2 * SLOT_BYTES]);
        place.leave(&bytes);
        let keys = place.open().unwrap_or_else(|error| panic!("cut at {cut}: {error}"));
        assert!(matches!(keys.contact_key(contact(1)), Err(seal::Error::Erased(_))), "cut at {cut}");
        assert_eq!(key(&keys, 2), second);
        assert_eq!(place.bytes(), after, "cut at {cut}");
    }
}

#[test]
fn a_damaged_file_is_reported_by_name_and_left_as_it_is() {
    let place = Place::new();
    let keys = place.make();
    for name in 1..=3 {
        key(&keys, name);
    }
    drop(keys);
    let whole = place.bytes();
    let check = |bytes: &[u8], what: &str| {
        place.leave(bytes);
        let error = place.open().expect_err(what).to_string();
        assert!(error.contains(what) && error.contains(&place.path().display().to_string()), "{error}");
        assert_eq!(place.bytes(), bytes);
    };
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    for byte in 0..2 * SLOT_BYTES {
        check(&flipped(SLOT_BYTES + byte), "fails its checksum");
        check(&flipped(byte % SLOT_BYTES), "its header is not one of this version");
    }
    check(&whole[..SLOT_BYTES - 1], "it is too short");
    check(&[], "it is too short");
    let doubled = [&whole, &whole[SLOT_BYTES..2 * SLOT_BYTES]].concat();
    check(&doubled, "second one of the same contact");
    let torn_after_damage = [&flipped(3 * SLOT_BYTES + 40), b"torn".as_slice()].concat();
    check(&torn_after_damage, "fails its checksum");
}

#[test]
fn keys_of_others_and_keys_in_use_are_refused() {
    let place = Place::new();
    let keys = place.make();
    assert!(matches!(place.open(), Err(Error::InUse { .. })));
    drop(keys);
    let owner = OwnerKey::find(place.dir.path()).expect("there");
    let other = BusinessId::from_bytes(*b"another!");
    fs::copy(place.path(), place.dir.path().join(format!("{other}.keys"))).expect("own files");
    let error = FileKeys::find(place.dir.path(), other, &owner).expect_err("of another business");
    assert!(matches!(error, Error::OtherBusiness { found, .. } if found == business()), "{error}");
    fs::remove_file(place.dir.path().join("owner.key")).expect("own file");
    OwnerKey::make(place.dir.path()).expect("none there");
    assert!(matches!(place.open(), Err(Error::OtherOwner { .. })));
    for bad in ["", "00", &"g".repeat(64), &format!("{}00", "0".repeat(64))] {
        fs::write(place.dir.path().join("owner.key"), bad).expect("own file");
        assert!(matches!(place.open(), Err(Error::Damaged { .. })), "{bad}");
    }
}

#[test]
fn after_a_failed_write_no_new_key_is_made_until_the_file_is_opened_again() {
    let place = Place::new();
    let keys = place.make();
    let first = key(&keys, 1);
    // A handle that cannot write stands for a disk that cannot.
    let readable = OpenOptions::new().read(true).open(place.path()).expect("own file");
    let writable = std::mem::replace(&mut keys.inner().file, readable);
    assert!(matches!(keys.contact_key_or_new(contact(2)), Err(seal::Error::KeyStore(_))));
    keys.inner().file = writable;
    assert!(matches!(keys.erase(contact(1)), Err(Error::Unsure { .. })));
    assert!(matches!(keys.contact_key_or_new(contact(2)), Err(seal::Error::KeyStore(_))));
    assert_eq!(key(&keys, 1), first, "known keys are still found");
    drop(keys);
    assert_eq!(key(&place.open().expect("there"), 1), first);
}
