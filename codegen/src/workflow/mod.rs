//! Workflows whatever runs them: the plan of each job, and the files written by hand that report by
//! it. How a plan is written down for one provider is its target's (`emit/workflow.rs`: GitHub).

pub mod expression;
pub mod keep;
pub mod plan;
pub(crate) mod yaml;
