//! Message ids as a timeline's row keeps them: short where they are made of the order's own id.

use super::unreadable;
use crate::domain::Cause;
use contracts::{MessageId, MessageInfo, OrderId};
use uuid::Uuid;

/// Type and count if the rest is the order's, else the whole id.
pub(super) fn short(order: OrderId, id: MessageId) -> Vec<u8> {
    let bytes = id.0.as_bytes();
    let [.., code, count] = *bytes;
    if MessageId::about(order.0, code, count) == id { vec![code, count] } else { bytes.to_vec() }
}

/// The same; after the whole id of a command its type, which nothing else tells.
pub(super) fn short_cause(order: OrderId, cause: &Cause) -> Vec<u8> {
    let mut bytes = short(order, cause.id);
    if let Some((info, _)) = cause.command.filter(|_| bytes.len() > 2) {
        bytes.push(info.code);
    }
    bytes
}

/// The id, and what type of message it is, as far as that can be known.
pub(crate) fn long(order: OrderId, bytes: &[u8]) -> sqlx::Result<(MessageId, Option<&'static MessageInfo>)> {
    let (id, code) = match bytes {
        [code, count] => return Ok((MessageId::about(order.0, *code, *count), MessageInfo::of_code(*code))),
        [id @ .., code] if bytes.len() == 17 => (id, Some(*code)),
        id => (id, None),
    };
    let id = MessageId(Uuid::from_slice(id).map_err(unreadable)?);
    Ok((id, code.and_then(MessageInfo::of_code)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::{CancelOrder, Message, PlaceOrder, StockReserved, Timestamp};

    #[test]
    fn an_id_is_read_as_it_was_written_and_short_where_it_is_the_orders() {
        let order = OrderId::from_v7(Uuid::now_v7());
        let own = MessageId::about(order.0, StockReserved::INFO.code, 3);
        assert_eq!(short(order, own), [StockReserved::INFO.code, 3]);
        assert_eq!(long(order, &short(order, own)).unwrap(), (own, Some(StockReserved::INFO)));

        let foreign = MessageId(Uuid::now_v7());
        assert_eq!(long(order, &short(order, foreign)).unwrap(), (foreign, None));
        assert!(long(order, &[1, 2, 3]).is_err());
    }

    #[test]
    fn a_command_keeps_its_type() {
        let order = OrderId::from_v7(Uuid::now_v7());
        let check = |id: MessageId, info: &'static MessageInfo, length: usize| {
            let cause = Cause { id, command: Some((info, Timestamp::from_millis(0))) };
            let written = short_cause(order, &cause);
            assert_eq!(written.len(), length);
            assert_eq!(long(order, &written).unwrap(), (id, Some(info)));
        };
        check(MessageId::about(order.0, PlaceOrder::INFO.code, 0), PlaceOrder::INFO, 2);
        check(MessageId(Uuid::now_v7()), CancelOrder::INFO, 17);
    }
}
