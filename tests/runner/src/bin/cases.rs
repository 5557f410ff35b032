//! `seekauth-cases`: runs the cases through the agent of one language and says how many passed.

use std::path::PathBuf;
use std::process::ExitCode;

use seekauth_runner::{case, run, suite};

const USAGE: &str = "\
usage: seekauth-cases [--language NAME] [--filter TEXT] [--list] [FOLDER] [-- AGENT ARGUMENT...]
  --language NAME  what to call the agent's language in the summary (default: agent)
  --filter TEXT    only the cases whose name contains TEXT
  --list           print the names of the cases and run none
  FOLDER           where the cases are (default: tests/cases of this repository)
  AGENT            the program that speaks the protocol of tests/cases/README.md";

struct Options {
    language: String,
    filter: String,
    list: bool,
    folder: PathBuf,
    agent: Vec<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let result = match options(&mut arguments) {
        Ok(options) => execute(&options).await,
        Err(problem) => Err(format!("{problem}\n{USAGE}")),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(2)
        }
    }
}

fn options(arguments: &mut impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options {
        language: "agent".to_owned(),
        filter: String::new(),
        list: false,
        folder: PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../cases")),
        agent: Vec::new(),
    };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--language" => options.language = value()?,
            "--filter" => options.filter = value()?,
            "--list" => options.list = true,
            "--" => options.agent = arguments.by_ref().collect(),
            unknown if unknown.starts_with('-') => return Err(format!("unknown option {unknown}")),
            folder => options.folder = PathBuf::from(folder),
        }
    }
    if !options.list && options.agent.is_empty() {
        return Err("which agent? give its command after --".to_owned());
    }
    Ok(options)
}

/// Whether all cases passed.
async fn execute(options: &Options) -> Result<bool, String> {
    let mut cases = case::load(&options.folder)?;
    cases.retain(|case| case.name.contains(&options.filter));
    if cases.is_empty() {
        return Err(format!("no case is called {:?}", options.filter));
    }
    if options.list {
        for case in &cases {
            println!("{}", case.name);
        }
        return Ok(true);
    }
    let summary =
        suite::run(&cases, &options.agent, run::CASE_LIMIT, |line| println!("{line}")).await?;
    println!("{}: {} passed, {} failed", options.language, summary.passed, summary.failed.len());
    Ok(summary.failed.is_empty())
}
