//! The whole suite of cases through the public Rust API.

use std::path::Path;

use seekauth_runner::{case, run, suite};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_passes() -> Result<(), String> {
    let cases = case::load(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../cases")))?;
    assert!(cases.len() >= 80, "{} cases are too few to be all of them", cases.len());
    let agent = [env!("CARGO_BIN_EXE_seekauth-agent").to_owned()];
    let summary = suite::run(&cases, &agent, run::CASE_LIMIT, |line| println!("{line}")).await?;
    assert_eq!(summary.failed, Vec::<String>::new());
    assert_eq!(summary.passed, cases.len());
    Ok(())
}
