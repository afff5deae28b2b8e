//! Thrift's compact protocol, as far as the metadata of Parquet needs it: it is written, and never read.
//!
//! <https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>

const I32: u8 = 5;
const I64: u8 = 6;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

/// A value in a list.
#[derive(Debug)]
pub(super) enum Item<'a> {
    /// A whole number of 32 bits, or the number of an enum.
    I32(i32),
    /// A text.
    Text(&'a str),
    /// A struct.
    Struct(Struct),
}

/// A struct that is being written. Fields come in the order of their ids.
#[derive(Debug, Default)]
pub(super) struct Struct {
    bytes: Vec<u8>,
    last_id: u8,
}

impl Struct {
    pub(super) fn i32(mut self, id: u8, value: i32) -> Self {
        self.field(id, I32);
        number(&mut self.bytes, i64::from(value));
        self
    }

    pub(super) fn i64(mut self, id: u8, value: i64) -> Self {
        self.field(id, I64);
        number(&mut self.bytes, value);
        self
    }

    pub(super) fn text(mut self, id: u8, text: &str) -> Self {
        self.field(id, BINARY);
        binary(&mut self.bytes, text);
        self
    }

    pub(super) fn nested(mut self, id: u8, nested: Self) -> Self {
        self.field(id, STRUCT);
        self.bytes.extend(nested.finish());
        self
    }

    /// A list of items that are all of one kind. An empty one counts as one of structs.
    pub(super) fn list(mut self, id: u8, items: Vec<Item<'_>>) -> Self {
        self.field(id, LIST);
        let kind = match items.first() {
            Some(Item::I32(_)) => I32,
            Some(Item::Text(_)) => BINARY,
            Some(Item::Struct(_)) | None => STRUCT,
        };
        match u8::try_from(items.len()) {
            Ok(count) if count < 15 => self.bytes.push((count << 4) | kind),
            Ok(_) | Err(_) => {
                self.bytes.push(0xf0 | kind);
                varint(&mut self.bytes, length(items.len()));
            }
        }
        for item in items {
            match item {
                Item::I32(value) => number(&mut self.bytes, i64::from(value)),
                Item::Text(text) => binary(&mut self.bytes, text),
                Item::Struct(item) => self.bytes.extend(item.finish()),
            }
        }
        self
    }

    /// The bytes of the struct, with its end.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }

    /// The head of a field. All ids of Parquet's structs that are written here differ by less than 16.
    fn field(&mut self, id: u8, kind: u8) {
        let delta = id.saturating_sub(self.last_id);
        self.bytes.push((delta << 4) | kind);
        self.last_id = id;
    }
}

fn length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn binary(bytes: &mut Vec<u8>, text: &str) {
    varint(bytes, length(text.len()));
    bytes.extend(text.as_bytes());
}

/// A signed number: small ones of either sign are short.
fn number(bytes: &mut Vec<u8>, value: i64) {
    let zigzag = (value << 1) ^ (value >> 63);
    varint(bytes, zigzag.cast_unsigned());
}

/// Seven bits a byte, the lowest first.
pub(super) fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    loop {
        let low = u8::try_from(value & 0x7f).unwrap_or(0);
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_fields_are_as_the_protocol_says() {
        let bytes = |value| {
            let mut bytes = Vec::new();
            number(&mut bytes, value);
            bytes
        };
        assert_eq!(bytes(0), [0]);
        assert_eq!(bytes(-1), [1]);
        assert_eq!(bytes(1), [2]);
        assert_eq!(bytes(150), [0xac, 0x02]);
        assert_eq!(bytes(i64::MIN).len(), 10);
        let list = vec![Item::I32(1), Item::I32(2)];
        let all = Struct::default().i32(1, 7).text(4, "ab").list(5, list);
        let expected = [0x15, 14, 0x38, 2, b'a', b'b', 0x19, 0x25, 2, 4, 0];
        assert_eq!(all.finish(), expected);
    }
}
