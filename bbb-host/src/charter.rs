//! Owners' policies: read from files and packs, and kept with their business.
//!
//! `biz_….charter.cedar` in the data directory is the owner's text of a business, and the journal names its digest. A change touches both, so it goes through a
//! second file: first `biz_….charter.next.cedar` is durable, then the journal names the new digest, then the second file takes the first one's place. After a crash
//! the journal says which of the two holds.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use bbb_core::blueprint;
use bbb_core::id::BusinessId;
use bbb_core::oversight::charter::{Charter, MAX_POLICY_BYTES, PACKS, owners_part, pack};

use crate::data_dir::DataDir;
use crate::fault::{Fault, Kind};

/// What names a pack instead of a file.
const PACK: &str = "pack:";

/// How the line begins that says which blueprints a text is for.
const BLUEPRINTS: &str = "// blueprints:";

/// A text of policies with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The file's name, or `pack:NAME`.
    pub name: String,
    /// The policies.
    pub text: String,
}

impl Text {
    /// Reads a file, or `pack:NAME`.
    ///
    /// # Errors
    /// [`Fault`] where there is no such file or pack, or the file is too long or no text.
    pub fn read(name: &str) -> Result<Text, Fault> {
        let text = match name.strip_prefix(PACK) {
            Some(wanted) => pack(wanted).ok_or_else(|| no_pack(wanted))?.text.to_owned(),
            None => read_text(Path::new(name), MAX_POLICY_BYTES)?.ok_or_else(|| Fault::not_found(format!("there is no file {name}")))?,
        };
        Ok(Text { name: name.to_owned(), text })
    }

    /// The blueprints that the text is for, by a line such as `// blueprints: Mobile Notary Service; Tax Preparation` among the comments that it begins with. None: it is
    /// for all. Whatever is written otherwise is a comment, and then the policies bind every business.
    ///
    /// # Errors
    /// [`Kind::Usage`] with the line where there is no such blueprint.
    pub fn blueprints(&self) -> Result<Vec<&'static str>, Fault> {
        let mut names = Vec::new();
        let comments = self.text.lines().map(str::trim).take_while(|line| line.is_empty() || line.starts_with("//"));
        for (index, line) in comments.enumerate() {
            for name in line.strip_prefix(BLUEPRINTS).into_iter().flat_map(|list| list.split(';')).map(str::trim) {
                let known = blueprint::all().iter().find(|known| known.name.eq_ignore_ascii_case(name));
                names.push(known.map(|known| known.name.as_str()).ok_or_else(|| {
                    let (file, line, name) = (&self.name, index + 1, name.chars().take(60).collect::<String>());
                    Fault::usage(format!("{file}:{line}:1: there is no blueprint `{name}`; see: bbb templates"))
                })?);
            }
        }
        Ok(names)
    }

    /// Whether the text is for businesses of this blueprint.
    ///
    /// # Errors
    /// As [`Text::blueprints`].
    pub fn is_for(&self, blueprint: &str) -> Result<bool, Fault> {
        let names = self.blueprints()?;
        Ok(names.is_empty() || names.contains(&blueprint))
    }
}

/// The policies for a business of one blueprint: all that are named for it, and of the configured ones those that are for its blueprint. The names of the others come
/// second.
///
/// # Errors
/// As [`charter_of`]; [`Kind::Usage`] where one that is named for it is for other blueprints.
pub fn charter_for(configured: &[String], named: &[String], blueprint: &str) -> Result<(Charter, Vec<String>), Fault> {
    let (mut taken, left_out) = configured_for(configured, blueprint)?;
    let named = read_all(named)?;
    all_for(&named, blueprint)?;
    taken.extend(named);
    Ok((charter_of_texts(&taken)?, left_out))
}

/// The configured policies that are for businesses of this blueprint, and the names of the others.
///
/// # Errors
/// As [`Text::read`] and [`Text::blueprints`].
pub fn configured_for(configured: &[String], blueprint: &str) -> Result<(Vec<Text>, Vec<String>), Fault> {
    let (mut taken, mut left_out) = (Vec::new(), Vec::new());
    for text in read_all(configured)? {
        match text.is_for(blueprint)? {
            true => taken.push(text),
            false => left_out.push(text.name),
        }
    }
    Ok((taken, left_out))
}

/// Refuses texts that are for other blueprints.
///
/// # Errors
/// [`Kind::Usage`] names the text and what it is for; as [`Text::blueprints`].
pub fn all_for(texts: &[Text], blueprint: &str) -> Result<(), Fault> {
    for text in texts {
        if !text.is_for(blueprint)? {
            return Err(Fault::usage(format!("{} is for {}, not for {blueprint}", text.name, text.blueprints()?.join(", "))));
        }
    }
    Ok(())
}

fn no_pack(wanted: &str) -> Fault {
    let known: Vec<&str> = PACKS.iter().map(|pack| pack.name).collect();
    let wanted: String = wanted.chars().take(60).collect();
    Fault::not_found(format!("there is no pack {wanted}; there are: {}", known.join(", ")))
}

/// A text file of at most so many bytes; nothing where there is none.
///
/// # Errors
/// [`Fault`] names the file; where it is not UTF-8, the line as well.
pub fn read_text(path: &Path, max_bytes: usize) -> Result<Option<String>, Fault> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|error| Fault::file(path.display(), &error))?,
    };
    let mut bytes = Vec::new();
    file.take(max_bytes as u64 + 1).read_to_end(&mut bytes).map_err(|error| Fault::file(path.display(), &error))?;
    if bytes.len() > max_bytes {
        return Err(Fault::usage(format!("{} is over the limit of {max_bytes} bytes", path.display())));
    }
    String::from_utf8(bytes).map(Some).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = String::from_utf8_lossy(before).chars().rev().take_while(|c| *c != '\n').count() + 1;
        Fault::usage(format!("{}:{line}:{column}: the text is not UTF-8", path.display()))
    })
}

/// Reads all of these files and packs, each once: a file that changes in between would be checked in one form and used in another.
///
/// # Errors
/// As [`Text::read`].
pub fn read_all<S: AsRef<str>>(names: &[S]) -> Result<Vec<Text>, Fault> {
    names.iter().map(|name| Text::read(name.as_ref())).collect()
}

/// The shipped policies with all of these files and packs.
///
/// # Errors
/// As [`Text::read`] and [`charter_of_texts`].
pub fn charter_of<S: AsRef<str>>(names: &[S]) -> Result<Charter, Fault> {
    charter_of_texts(&read_all(names)?)
}

/// The shipped policies with all of these texts.
///
/// # Errors
/// Where a text breaks a rule, with its name, line and column.
pub fn charter_of_texts(texts: &[Text]) -> Result<Charter, Fault> {
    let texts: Vec<(&str, &str)> = texts.iter().map(|text| (text.name.as_str(), text.text.as_str())).collect();
    Ok(Charter::with_owner_texts(&texts)?)
}

/// Where the owner's policies of one business are kept.
#[derive(Debug)]
pub struct Kept {
    business: BusinessId,
    path: PathBuf,
    next: PathBuf,
}

impl Kept {
    /// Those of this business in this directory.
    pub fn of(data: &DataDir, business: BusinessId) -> Kept {
        let path = data.path().join(format!("{business}.charter.cedar"));
        let next = data.path().join(format!("{business}.charter.next.cedar"));
        Kept { business, path, next }
    }

    /// The charter that the journal names by this digest. Its shipped part is that of this program.
    ///
    /// # Errors
    /// [`Kind::Corrupted`] where the text is missing or another one.
    pub fn charter(&self, digest: &str) -> Result<Charter, Fault> {
        let wanted = owners_part(digest);
        let mut found = false;
        for path in [&self.path, &self.next] {
            // One byte more than a text may have: a line break that was added when it was kept.
            let Some(text) = read_text(path, MAX_POLICY_BYTES + 1).map_err(|fault| Fault::new(Kind::Corrupted, fault.message))? else {
                continue;
            };
            found |= *path == self.path && !text.is_empty();
            let own = (!text.is_empty()).then(|| blake3::hash(text.as_bytes()).to_hex());
            if wanted == own.as_ref().map(|own| own.as_str()) {
                let read = Charter::with_owner_policies(&path.display().to_string(), &text);
                return read.map_err(|error| {
                    let hint = format!("set them anew: bbb charter put {}", self.business);
                    Fault::refused(format!("this bbb does not take the owner's policies any more: {error}; {hint}"))
                });
            }
        }
        match wanted {
            None if !found => Ok(Charter::shipped().clone()),
            None => Err(self.corrupted("has policies, and the journal knows of none")),
            Some(_) if found => Err(self.corrupted("is not the text that the journal names")),
            Some(_) => Err(self.corrupted("is missing")),
        }
    }

    fn corrupted(&self, what: &str) -> Fault {
        let (business, path) = (self.business, self.path.display());
        Fault::new(
            Kind::Corrupted,
            format!(
                "the owner's policies of {business}: {path} {what}; restore it from the backup, or set them anew: bbb charter put {business}"
            ),
        )
    }

    /// Keeps what a change will make the owner's policies, before the journal names them.
    ///
    /// # Errors
    /// [`Fault`] where it cannot be written.
    pub fn prepare(&self, charter: &Charter) -> Result<(), Fault> {
        write_private(&self.next, charter.owner_text())
    }

    /// Keeps the owner's policies, once the journal names them or when the business is being launched.
    ///
    /// # Errors
    /// [`Fault`] where they cannot be written.
    pub fn settle(&self, charter: &Charter) -> Result<(), Fault> {
        if !charter.owner_text().is_empty() || self.path.exists() {
            write_private(&self.path, charter.owner_text())?;
        }
        self.forget_next()
    }

    /// Takes back what was prepared.
    ///
    /// # Errors
    /// [`Fault`] where it cannot be removed.
    pub fn forget_next(&self) -> Result<(), Fault> {
        match fs::remove_file(&self.next) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Fault::file(self.next.display(), &error)),
            _ => Ok(()),
        }
    }
}

/// Writes a file that only its owner can read, whole or not at all, in the place of one that is there.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), Fault> {
    let draft = PathBuf::from(format!("{}.{}.new", path.display(), std::process::id()));
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    write().map_err(|error| {
        // What is left of it is never read.
        let _ = fs::remove_file(&draft);
        Fault::file(path.display(), &error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const ID: &str = "biz_0123456789abcdef";

    fn own(id: &str) -> Charter {
        Charter::with_owner_policies("mine", &format!("@id(\"{id}\") forbid (principal, action == Action::\"run_ads\", resource);"))
            .expect("valid")
    }

    #[test]
    fn a_text_says_which_blueprints_it_is_for() {
        let names = |text: &str| {
            let text = Text { name: "mine.cedar".to_owned(), text: text.to_owned() };
            text.blueprints().map_err(|fault| fault.message)
        };
        assert_eq!(
            names("// Ours.\n\n// blueprints: podcast production studio;Grant Writing Consultancy\n").map(|names| names.len()),
            Ok(2)
        );
        let all = ["", "// for studios\n", "@id(\"a\") forbid (principal, action, resource);\n// blueprints: Grant Writing Consultancy\n"];
        assert!(all.into_iter().all(|text| names(text) == Ok(Vec::new())), "what is no such line binds every business");
        let none = names("// Ours.\n// blueprints: Grant Writing\n").expect_err("no such blueprint");
        assert_eq!(none, "mine.cedar:2:1: there is no blueprint `Grant Writing`; see: bbb templates");
    }

    #[test]
    fn after_a_crash_at_any_place_of_a_change_the_journal_says_which_text_holds() {
        let place = tempfile::tempdir().expect("a directory");
        let data = DataDir::create(place.path()).expect("a data directory");
        let kept = Kept::of(&data, ID.parse().expect("an id"));
        let (old, new, none) = (own("old"), own("new"), Charter::shipped().clone());
        let holds = |charter: &Charter| kept.charter(&charter.digest()).map(|found| found.digest());
        assert_eq!(holds(&none), Ok(none.digest()), "nothing was ever added");

        kept.settle(&old).expect("written");
        let mode = fs::metadata(&kept.path).expect("kept").permissions().mode() & 0o777;
        assert_eq!((holds(&old), mode), (Ok(old.digest()), 0o600));
        for (before, after) in [(&old, &new), (&new, &none), (&none, &old)] {
            kept.prepare(after).expect("written");
            assert_eq!(holds(before), Ok(before.digest()), "a crash before the journal names the new one");
            assert_eq!(holds(after), Ok(after.digest()), "a crash after it");
            kept.settle(after).expect("written");
            assert_eq!(holds(after), Ok(after.digest()));
            assert!(!kept.next.exists());
            assert_eq!(holds(before).expect_err("it is gone").kind, Kind::Corrupted);
        }
        fs::write(&kept.path, "@id(\"old\") forbid (principal, action, resource);\n").expect("a test's own file");
        assert!(holds(&old).expect_err("changed by hand").message.contains("is not the text that the journal names"));
        assert!(holds(&none).expect_err("added by hand").message.contains("the journal knows of none"));
        fs::remove_file(&kept.path).expect("a test's own file");
        assert!(holds(&old).expect_err("removed").message.contains("is missing"));
    }
}
