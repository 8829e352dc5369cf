//! What a backend that embeds the runtime does, over HTTP and through the library, and what the console
//! shows of it.

#[path = "../common/mod.rs"]
#[macro_use]
mod common;

mod apply;
mod browser;
mod callbacks;
mod compat;
mod console;
mod embed;
mod http;
mod renames;
mod rollback;
mod skew;
mod stream;
