//! `seekauth-cases`: runs the cases through the agent of one language and says how many passed, or
//! prints the table of what several runs found.

use std::path::PathBuf;
use std::process::ExitCode;

use seekauth_runner::case;
use seekauth_runner::limits::Limits;
use seekauth_runner::suite::{self, End, Finding, Summary};
use seekauth_runner::table::{self, Section};

const USAGE: &str = "\
usage: seekauth-cases [--language NAME] [--filter TEXT] [--list] [--results FILE] [FOLDER] [-- AGENT ARGUMENT...]
       seekauth-cases --table FILE
  --language NAME  what to call the agent's language (default: agent)
  --filter TEXT    only the cases whose name contains TEXT
  --list           print the names of the cases and run none
  --results FILE   add what was found with each adapter to FILE
  --table FILE     print the table of all that was added to FILE
  FOLDER           where the cases are (default: tests/conformance/cases of this repository)
  AGENT            the program that speaks the protocol of tests/conformance/cases/README.md";

struct Options {
    language: String,
    filter: String,
    list: bool,
    results: Option<PathBuf>,
    table: Option<PathBuf>,
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
        results: None,
        table: None,
        folder: PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../cases")),
        agent: Vec::new(),
    };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--language" => options.language = value()?,
            "--filter" => options.filter = value()?,
            "--list" => options.list = true,
            "--results" => options.results = Some(PathBuf::from(value()?)),
            "--table" => options.table = Some(PathBuf::from(value()?)),
            "--" => options.agent = arguments.by_ref().collect(),
            unknown if unknown.starts_with('-') => return Err(format!("unknown option {unknown}")),
            folder => options.folder = PathBuf::from(folder),
        }
    }
    if !options.list && options.table.is_none() && options.agent.is_empty() {
        return Err("which agent? give its command after --".to_owned());
    }
    Ok(options)
}

/// Whether all cases passed.
async fn execute(options: &Options) -> Result<bool, String> {
    if let Some(file) = &options.table {
        print!("{}", table::render(&table::read(file)?));
        return Ok(true);
    }
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
    let report = |line: &str| println!("{line}");
    let (language, agent) = (&options.language, &options.agent);
    let summary = suite::run(&cases, language, agent, Limits::default(), report).await?;
    if let Some(file) = &options.results {
        Section::new(language, &summary).add_to(file)?;
    }
    count(language, &summary);
    Ok(summary.failed.is_empty())
}

/// A line for each adapter, and one for all other cases.
fn count(language: &str, summary: &Summary) {
    let mut with_adapters = 0;
    for findings in summary.requests.chunk_by(|one, next| one.adapter == next.adapter) {
        let ended = |end: fn(&Finding) -> bool| findings.iter().filter(|one| end(one)).count();
        let failed = ended(|finding| finding.end == End::Failed);
        let passed = ended(|finding| finding.end == End::Passed);
        with_adapters += failed;
        println!("{}: {passed} passed, {failed} failed", findings[0].adapter);
    }
    let failed = summary.failed.len() - with_adapters;
    println!("{language}: {} passed, {failed} failed", summary.passed);
}
