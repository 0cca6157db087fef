//! Dead letters, as the operator sees and treats them.

use crate::Flock;
use serde_json::Value;

impl Flock {
    /// The dead letters of one service that were not redriven, as `starling dead list` tells them.
    pub fn dead_letters(&self, service: &str) -> Vec<Value> {
        let listed = self.starling(&["dead", "list", service, "--json"]);
        serde_json::from_str(&listed).expect("a list of dead letters")
    }

    /// A dead letter with its headers and its body.
    pub fn dead_letter(&self, service: &str, id: &str) -> Value {
        serde_json::from_str(&self.starling(&["dead", "show", service, id])).expect("a dead letter")
    }

    /// Has dead letters decided again; whether none of them is dead any more, and what was said.
    pub fn redrive(&self, service: &str, which: &str) -> (bool, String) {
        let output = self.try_starling(&["dead", "redrive", service, which]);
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }
}
