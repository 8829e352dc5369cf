#![allow(missing_docs, clippy::unwrap_used)]
use phasegate_codegen::compat::*;
fn table(name: &str) -> String {
    std::fs::read_to_string(format!("{}/../{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}
fn show(old: &str, new: &str) {
    let (_, old, _) = phasegate_codegen::machine("old.toml", old.as_bytes()).unwrap();
    let (_, new, _) = phasegate_codegen::machine("new.toml", new.as_bytes()).unwrap();
    let mixes = Mixes::of(World::of(&[&old, &new], &["old".into(), "new".into()]));
    let t = std::time::Instant::now();
    for mix in mixes.all() {
        let v = mixes.judge(mix);
        println!("{mix:?} {}", v.as_str());
        match v {
            Verdict::Degraded(l) => println!("   {l:?}"),
            Verdict::Broken(b) => {
                for (c, w) in b {
                    println!(
                        "   {c:?} {} {:?}\n      {}",
                        w.summary,
                        w.cause,
                        w.path.text().replace('\n', "\n      ")
                    )
                }
            }
            Verdict::Safe | Verdict::Bounded => {}
        }
    }
    println!("{:?}", t.elapsed());
    for d in [Direction::Rollout, Direction::Rollback] {
        let o = orders(&mixes, d, 0, 1);
        println!(
            "{d:?} safe {} of {} {:?} best {:?} waits {:?}",
            o.safe(),
            o.orders.len(),
            o.constraints,
            o.best().map(|o| &o.layers),
            o.best().map(|o| &o.waits)
        );
        if !o.has_safe() {
            println!("{:?}", o.orders[0].bad)
        }
    }
    println!("{:?} {:?}", mixes.tried(), t.elapsed());
}
#[test]
fn deploy() {
    show(&table("migrations/tables/0001.toml"), &table("deploy.toml"));
}
#[test]
fn untolerated() {
    let new = table("deploy.toml").replace("name      = \"smoke_passed\"\nphase     = \"smoke_gate\"\ncompletes = true\noptional  = true", "name      = \"smoke_passed\"\nphase     = \"smoke_gate\"\ncompletes = true");
    assert_ne!(new, table("deploy.toml"));
    show(&table("migrations/tables/0001.toml"), &new);
}
