//! The body of a report: whatever comes, it is read or refused with its place, and what is read fits a database.
#![no_main]

use libfuzzer_sys::fuzz_target;
use phasegate::Report;

fuzz_target!(|body: &[u8]| {
    match Report::from_json(body) {
        Ok(report) => {
            let short = |text: &Option<String>, most: usize| {
                text.as_ref().is_none_or(|text| {
                    !text.is_empty() && text.len() <= most && !text.contains('\0')
                })
            };
            assert!(short(&report.job, 256) && short(&report.run_id, 256));
            assert!(short(&report.attempted, 256) && short(&report.table, 256));
            assert!(short(&report.event_id, 1024) && short(&report.run_url, 2048));
            assert!(short(&report.log_tail, 16 * 1024));
            assert!(report.run_url.is_none_or(|url| url[..8].eq_ignore_ascii_case("https://")));
            assert!(report.run_attempt.is_none_or(|attempt| attempt > 0));
        }
        Err(refused) => {
            let lines = body.iter().filter(|byte| **byte == b'\n').count() + 1;
            assert!((1..=lines + 1).contains(&refused.line), "{refused}");
            assert!(!refused.message.is_empty());
        }
    }
});
