//! What the command was called with.

use std::ffi::OsString;

use lexopt::{Arg, Parser};
use seekauth::doctor::Extent;

pub(crate) struct Invocation {
    pub(crate) command: Command,
    pub(crate) prefix: Option<String>,
    pub(crate) json: bool,
}

pub(crate) enum Command {
    Doctor(Extent),
    Whoami,
    Token { header: bool },
    Help,
    Version,
}

/// # Errors
///
/// One line that says what is wrong. It repeats names of options and nothing else, since people put secrets
/// on command lines.
pub(crate) fn parse(arguments: Vec<OsString>) -> Result<Invocation, String> {
    let mut parser = Parser::from_args(arguments);
    let (mut command, mut prefix) = (None, None);
    let (mut json, mut header, mut offline) = (false, false, false);
    let unreadable = |_| "an option is not followed by what it needs".to_owned();
    while let Some(argument) = parser.next().map_err(unreadable)? {
        match argument {
            Arg::Long("json") => json = true,
            Arg::Long("header") => header = true,
            Arg::Long("offline") => offline = true,
            Arg::Long("prefix") => {
                let value = parser.value().map_err(unreadable)?;
                prefix = Some(value.into_string().map_err(|_| "PREFIX is no text".to_owned())?);
            }
            Arg::Short('h') | Arg::Long("help") => return Ok(alone(Command::Help)),
            Arg::Short('V') | Arg::Long("version") => return Ok(alone(Command::Version)),
            Arg::Long(name) => return Err(format!("there is no option --{name}")),
            Arg::Short(letter) => return Err(format!("there is no option -{letter}")),
            Arg::Value(word) if command.is_none() => command = Some(word),
            Arg::Value(_) => return Err("there is a word too many".to_owned()),
        }
    }
    let command = match command.as_ref().map_or(Some("doctor"), |word| word.to_str()) {
        Some("doctor") if offline => Command::Doctor(Extent::Offline),
        Some("doctor") => Command::Doctor(Extent::Whole),
        Some("whoami") => Command::Whoami,
        Some("token") => Command::Token { header },
        _ => return Err("the command must be doctor, whoami or token".to_owned()),
    };
    let is_token = matches!(command, Command::Token { .. });
    let is_doctor = matches!(command, Command::Doctor(_));
    for (is_wrong, option) in [
        (header && !is_token, "--header"),
        (offline && !is_doctor, "--offline"),
        (json && is_token, "--json"),
    ] {
        if is_wrong {
            return Err(format!("{option} does not go with this command"));
        }
    }
    Ok(Invocation { command, prefix, json })
}

fn alone(command: Command) -> Invocation {
    Invocation { command, prefix: None, json: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Invocation, String> {
        parse(line.split_ascii_whitespace().map(OsString::from).collect())
    }

    #[test]
    fn the_command_is_doctor_unless_it_says_otherwise() {
        assert!(matches!(read("").unwrap().command, Command::Doctor(Extent::Whole)));
        let offline = read("--offline --json doctor --prefix PASS_").unwrap();
        assert!(matches!(offline.command, Command::Doctor(Extent::Offline)));
        assert_eq!((offline.json, offline.prefix.as_deref()), (true, Some("PASS_")));
        assert!(matches!(read("token --header").unwrap().command, Command::Token { header: true }));
        assert!(matches!(read("token --help").unwrap().command, Command::Help));
        assert!(matches!(read("-V").unwrap().command, Command::Version));
    }

    #[test]
    fn what_is_wrong_is_named_and_no_value_is_repeated() {
        for (line, part) in [
            ("--jsn", "--jsn"),
            ("-x", "-x"),
            ("login", "doctor, whoami or token"),
            ("doctor pa55word", "too many"),
            ("--prefix", "needs"),
            ("--json=pa55word", "needs"),
            ("whoami --offline", "--offline"),
            ("doctor --header", "--header"),
            ("token --json", "--json"),
        ] {
            let problem = read(line).err().unwrap_or_default();
            assert!(problem.contains(part) && !problem.contains("pa55word"), "{line}: {problem}");
        }
    }
}
