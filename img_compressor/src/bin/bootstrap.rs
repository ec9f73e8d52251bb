//! The AWS Lambda runtime's entry: events in, answers out. What an event may say is in the
//! library's `lambda` room.

use std::sync::Arc;

use img_compressor::lambda::{Event, Fault, Reply, answer};
use img_compressor::store::Stores;
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main]
async fn main() -> Result<(), Error> {
    // Messages of a panic may hold a value; the line says where it was.
    std::panic::set_hook(Box::new(|info| {
        let line = info.location().map_or(0, std::panic::Location::line);
        eprintln!("internal error at line {line}");
    }));
    // Connections are kept from one event to the next.
    let stores = Arc::new(Stores::default());
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Event>| {
        let stores = Arc::clone(&stores);
        async move { off_the_runtime(event.payload, stores).await }
    }))
    .await
}

/// Rendering blocks, on pixels and on the store; the runtime's own threads must not.
async fn off_the_runtime(event: Event, stores: Arc<Stores>) -> Result<Reply, Fault> {
    tokio::task::spawn_blocking(move || answer(&event, &stores))
        .await
        .unwrap_or(Err(Fault::Internal))
}
