//! A backend of a user's, over the generated code of one machine.

#![allow(dead_code, reason = "what is tried is that it compiles")]

#[path = "../generated/order.rs"]
mod order;
#[path = "../generated/payment.rs"]
mod payment;
#[cfg(feature = "shop")]
mod shop;

phasegate::machine!(
    /// The order machine.
    pub Order = order::{OrderStatus, OrderPhase}
);
phasegate::machine!(
    /// The payment machine.
    pub Payment = payment::{PaymentStatus, PaymentPhase}
);

#[cfg(feature = "generator")]
fn generate() -> Result<(), phasegate_codegen::Error> {
    phasegate_codegen::generate("order.toml".as_ref()).map(|_| ())
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
async fn report(url: &str) -> phasegate::store::Result<()> {
    use phasegate::{Report, Schema, Store};
    let store = Store::open(url, Schema::of(&Order)).await?;
    let answer = store.apply_callback(&Order, "o1", &Report::new("paid")).await?;
    println!("{answer:?}");
    Ok(())
}

#[cfg(feature = "http")]
fn routes(store: phasegate::Store) -> axum::Router {
    phasegate::http::Backend::new(store, std::sync::Arc::new(Order)).router()
}

#[cfg(feature = "console")]
fn page() -> axum::Router {
    phasegate::console::Page::deploys().router()
}

fn main() {
    use phasegate::Machine as _;
    println!("{} has {} states", Order.name(), Order.states());
}
