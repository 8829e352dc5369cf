//! What a machine is generated into. Of that the machine itself reads nothing: it keeps what each
//! target made of its section, by the target's key.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The targets that have a section in the table.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    /// The folder that paths are relative to, from the table's own; none for the table's own.
    pub root: Option<String>,
    specs: BTreeMap<&'static str, Arc<dyn Any + Send + Sync>>,
}

impl Targets {
    pub(crate) fn get(&self, key: &str) -> Option<&Arc<dyn Any + Send + Sync>> {
        self.specs.get(key)
    }

    pub(crate) fn put(&mut self, key: &'static str, spec: Arc<dyn Any + Send + Sync>) {
        self.specs.insert(key, spec);
    }
}
