//! A program that takes the generated validator in as it is: one file without dependencies.

#[path = "../generated/order.rs"]
mod order;

use order::OrderStatus;

fn main() {
    let mut status = OrderStatus::INITIAL[0];
    for report in ["authorising", "paid", "placed", "shipped", "delivered"] {
        match report.parse::<OrderStatus>() {
            Ok(next) => match order::validate(status, next) {
                Ok(()) => {
                    println!("{status} -> {next}");
                    status = next;
                }
                Err(illegal) => println!("{illegal}"),
            },
            Err(unknown) => println!("{unknown}"),
        }
    }
}
