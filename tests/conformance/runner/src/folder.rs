//! The folder of a case: files that a case writes, replaces and removes for a client to read.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use crate::leak::Secrets;
use crate::matcher::text;

/// It goes with all that is in it when it is dropped.
#[derive(Debug)]
pub struct Folder(TempDir);

impl Folder {
    /// An empty one.
    ///
    /// # Errors
    /// The system has no place for it.
    pub fn new() -> Result<Self, String> {
        tempfile::tempdir().map(Self).map_err(|problem| problem.to_string())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> String {
        self.0.path().display().to_string()
    }

    /// Puts a file there, in one step in place of one that is there already, readable to its owner
    /// alone. What is secret in it is added to the secrets: members of an object with `secret` in
    /// their name, and the whole of a text in a file with `secret` in its own.
    ///
    /// # Errors
    /// The name leads elsewhere, or the file cannot be written.
    pub fn write(&self, name: &str, content: &Value, secrets: &mut Secrets) -> Result<(), String> {
        if let Value::Object(members) = content {
            for (member, value) in members {
                if let Some(secret) = value.as_str().filter(|_| member.contains("secret")) {
                    secrets.add(secret);
                }
            }
        }
        let content = match content {
            Value::Object(_) => content.to_string(),
            other => text(other)?,
        };
        if name.contains("secret") {
            secrets.add(&content);
        }
        let file = self.file(name)?;
        let beside = tempfile::Builder::new().tempfile_in(self.0.path());
        let beside = beside.map_err(|problem| problem.to_string())?;
        fs::write(beside.path(), content).map_err(|problem| problem.to_string())?;
        beside.persist(file).map(drop).map_err(|problem| problem.to_string())
    }

    /// Takes a file away.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn remove(&self, name: &str) -> Result<(), String> {
        fs::remove_file(self.file(name)?).map_err(|problem| format!("{name}: {problem}"))
    }

    fn file(&self, name: &str) -> Result<PathBuf, String> {
        let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\']);
        if plain { Ok(self.0.path().join(name)) } else { Err(format!("{name:?} is no file name")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn files_are_replaced_and_removed_and_their_secrets_known() -> Result<(), String> {
        let (folder, mut secrets) = (Folder::new()?, Secrets::default());
        let read = |name: &str| fs::read_to_string(folder.0.path().join(name)).ok();
        folder.write("a-secret", &json!("first-secret\n"), &mut secrets)?;
        folder.write("a-secret", &json!("second-secret\n"), &mut secrets)?;
        folder.write(
            "client",
            &json!({"client_id": "public-id", "client_secret": "third-secret"}),
            &mut secrets,
        )?;
        assert_eq!(read("a-secret").as_deref(), Some("second-secret\n"));
        for shown in ["first-secret", "second-secret", "third-secret"] {
            assert!(secrets.check("it", shown).is_err(), "{shown} passed");
        }
        assert_eq!(secrets.check("it", "public-id"), Ok(()));
        folder.remove("a-secret")?;
        assert_eq!(read("a-secret"), None);
        assert!(folder.remove("a-secret").is_err());
        for name in ["", "../a", "/a", ".a"] {
            assert!(folder.write(name, &json!("x"), &mut secrets).is_err(), "{name:?}");
        }
        Ok(())
    }
}
