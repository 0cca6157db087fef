//! Other ways to the servers than straight.

use tools::Servers;

/// What stands between a flock and its servers, such as proxies. It lives as long as the test holds it.
pub trait Detours: Sized + Send + 'static {
    /// Opens the detours to these servers.
    fn to(servers: &Servers) -> Self;

    /// The environment variables that lead to them, in place of those that lead to the servers.
    fn variables(&self) -> Vec<(&'static str, String)>;
}

/// None: straight to the servers.
impl Detours for () {
    fn to(_: &Servers) -> Self {}

    fn variables(&self) -> Vec<(&'static str, String)> {
        vec![]
    }
}
