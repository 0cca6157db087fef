//! The sandbox's methods of payment, and what they bring about.

use contracts::{DeclineReason, ProviderAnswer, Timestamp};
use std::time::Duration;

/// A method of payment that decides its outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Captured.
    Succeeds,
    /// Declined.
    Declined,
    /// Declined for that reason.
    InsufficientFunds,
    /// Pending for half an hour.
    Pending,
    /// Pending for three seconds.
    PendingShort,
    /// Captured, but it takes a while.
    Slow,
    /// Captured, but the first answer is lost.
    AnswerLost,
    /// Out of reach at first, then captured.
    Down,
    /// Captured; refunds fail.
    RefundFails,
    /// Captured; the first refund fails.
    RefundFailsOnce,
}

impl Method {
    /// The method of a name such as `sandbox.succeeds`.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        match name.strip_prefix("sandbox.")? {
            "succeeds" => Some(Self::Succeeds),
            "declined" => Some(Self::Declined),
            "insufficient_funds" => Some(Self::InsufficientFunds),
            "pending" => Some(Self::Pending),
            "pending_short" => Some(Self::PendingShort),
            "slow" => Some(Self::Slow),
            "answer_lost" => Some(Self::AnswerLost),
            "down" => Some(Self::Down),
            "refund_fails" => Some(Self::RefundFails),
            "refund_fails_once" => Some(Self::RefundFailsOnce),
            _ => None,
        }
    }

    /// What becomes of a charge made now.
    pub(super) fn outcome(self, now: Timestamp) -> ProviderAnswer {
        match self {
            Self::Declined => ProviderAnswer::Declined { why: DeclineReason::Declined },
            Self::InsufficientFunds => ProviderAnswer::Declined { why: DeclineReason::InsufficientFunds },
            Self::Pending => ProviderAnswer::Pending { expires_at: now.plus(Duration::from_mins(30)) },
            Self::PendingShort => ProviderAnswer::Pending { expires_at: now.plus(Duration::from_secs(3)) },
            Self::Succeeds
            | Self::Slow
            | Self::AnswerLost
            | Self::Down
            | Self::RefundFails
            | Self::RefundFailsOnce => ProviderAnswer::Captured,
        }
    }
}
