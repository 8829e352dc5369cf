//! The model for Spin, read whole: of a small workflow, and of a table without jobs. That it says
//! what `verify` says is `spin.rs`.

use crate::common::proofs::*;
use phasegate_codegen::verify::promela;

#[test]
fn a_small_workflow() {
    insta::assert_snapshot!(promela(&machine(&table("tests/artifacts/workflow/small.toml"))));
}

#[test]
fn a_workflow_whose_jobs_say_nothing_and_everything() {
    let text = "format = 1\nmachine = { name = 'a', initial = 'on' }\n\
        state = [{ name = 'on' }, { name = 'off', outcome = 'cancelled', reopens = true },\n\
        { name = 'bad', outcome = 'failure' }]\n\
        transition = [{ path = ['on', 'off', 'on', 'bad'] }]\n\
        job = [{ name = 'mute' }, { name = 'm', needs = ['mute'],\n\
        milestones = [{ name = 'one', state = 'on' }], failure = 'bad', cancelled = 'off' },\n\
        { name = 'end', needs = ['mute', 'm'], always = true, failure = 'bad' },\n\
        { name = 'last', needs = ['end'], success = 'off' }]";
    insta::assert_snapshot!(promela(&machine(text)));
}

#[test]
fn a_table_without_jobs() {
    let text = "format = 1\nmachine = { name = 'a', initial = 'on' }\n\
        state = [{ name = 'on' }, { name = 'off', outcome = 'neutral' }]\n\
        transition = [{ path = ['on', 'on', 'off'] }]";
    insta::assert_snapshot!(promela(&machine(text)));
}
