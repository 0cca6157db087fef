//! Classes of routes: each has its own limits, so that one kind of work does not starve another.

/// What a request is about, as far as limits go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Class {
    /// Passwords, tokens and codes: what somebody may guess.
    Auth,
    /// Changes something; orders above all.
    Write,
    /// Only looks.
    Read,
    /// What providers tell.
    Webhook,
}

impl Class {
    /// All of them, in the order of [`Class::index`].
    pub const ALL: [Self; 4] = [Self::Auth, Self::Write, Self::Read, Self::Webhook];

    /// Of a method, and a path or the pattern of a route.
    pub fn of(method: &str, path: &str) -> Self {
        let begins = |part| path.starts_with(part);
        match method {
            "GET" | "HEAD" | "OPTIONS" => Self::Read,
            _ if begins("/v1/auth/") => Self::Auth,
            _ if begins("/v1/payments/webhook/") => Self::Webhook,
            _ => Self::Write,
        }
    }

    /// Whether a request sends a picture of a listing, which takes its time.
    pub fn is_upload(self, path: &str) -> bool {
        self == Self::Write && path.starts_with("/v1/listings/") && path.ends_with("/images")
    }

    /// Its name in header fields and in Redis.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Write => "write",
            Self::Read => "read",
            Self::Webhook => "webhook",
        }
    }

    /// Its place among all.
    pub const fn index(self) -> usize {
        match self {
            Self::Auth => 0,
            Self::Write => 1,
            Self::Read => 2,
            Self::Webhook => 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_has_one_class() {
        for (method, path, class) in [
            ("POST", "/v1/auth/login", Class::Auth),
            ("GET", "/v1/auth/login", Class::Read),
            ("POST", "/v1/orders", Class::Write),
            ("DELETE", "/v1/orders/{id}", Class::Write),
            ("POST", "/v1/payments", Class::Write),
            ("POST", "/v1/payments/webhook/{provider}", Class::Webhook),
            ("GET", "/v1/products", Class::Read),
            ("HEAD", "/", Class::Read),
            ("BREW", "/", Class::Write),
        ] {
            assert_eq!(Class::of(method, path), class, "{method} {path}");
        }
        assert!(Class::ALL.iter().enumerate().all(|(index, class)| class.index() == index));
    }
}
