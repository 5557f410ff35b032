//! The whole suite of cases through the public Rust API.

use std::path::Path;

use seekauth_runner::case;
use seekauth_runner::limits::Limits;
use seekauth_runner::suite::{self, End};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_passes() -> Result<(), String> {
    let cases = case::load(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../cases")))?;
    assert!(cases.len() >= 80, "{} cases are too few to be all of them", cases.len());
    let agent = [env!("CARGO_BIN_EXE_seekauth-agent").to_owned()];
    let report = |line: &str| println!("{line}");
    let summary = suite::run(&cases, "rust", &agent, Limits::default(), report).await?;
    assert_eq!(summary.failed, Vec::<String>::new());
    let with_adapters = cases.iter().filter(|case| case.has_adapter()).count();
    assert_eq!(summary.passed, cases.len() - with_adapters);
    let adapters = ["rust/send", "rust/send-http2", "rust/middleware"];
    assert_eq!(summary.requests.len(), with_adapters * adapters.len());
    for adapter in adapters {
        let passed = summary
            .requests
            .iter()
            .filter(|finding| finding.adapter == adapter && finding.end == End::Passed)
            .count();
        assert!(passed * 10 > with_adapters * 8, "{adapter} takes part in only {passed}");
    }
    Ok(())
}
