//! CBOR: a body of Smithy's RPC protocol as the JSON that it stands for; a timestamp is its seconds.

use aws_smithy_cbor::Decoder;
use aws_smithy_cbor::data::Type;
use serde_json::{Map, Value};

/// How deep a body may be nested: `GetMetricData`'s own is six levels deep.
const DEEPEST: usize = 32;

/// Reads a body; `None` where it is none.
pub(super) fn read(body: &[u8]) -> Option<Value> {
    let mut decoder = Decoder::new(body);
    let read = value(&mut decoder, 0)?;
    (decoder.position() == body.len()).then_some(read)
}

fn value(decoder: &mut Decoder<'_>, depth: usize) -> Option<Value> {
    if depth > DEEPEST {
        return None;
    }
    Some(match decoder.datatype().ok()? {
        Type::Null | Type::Undefined => {
            decoder.skip().ok()?;
            Value::Null
        }
        Type::Bool => decoder.boolean().ok()?.into(),
        Type::U8 | Type::U16 | Type::U32 | Type::U64 | Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::Int => {
            decoder.long().ok()?.into()
        }
        Type::F16 | Type::F32 | Type::F64 => decoder.double().ok()?.into(),
        Type::String | Type::StringIndef => decoder.string().ok()?.into(),
        Type::Tag => decoder.timestamp().ok()?.as_secs_f64().into(),
        Type::Array | Type::ArrayIndef => {
            let length = decoder.list().ok()?;
            let mut list = Vec::new();
            while more(decoder, length, list.len())? {
                list.push(value(decoder, depth + 1)?);
            }
            list.into()
        }
        Type::Map | Type::MapIndef => {
            let length = decoder.map().ok()?;
            let (mut map, mut read) = (Map::new(), 0);
            while more(decoder, length, read)? {
                let key = decoder.str().ok()?.into_owned();
                map.insert(key, value(decoder, depth + 1)?);
                read += 1;
            }
            map.into()
        }
        _ => return None,
    })
}

/// Whether a list or map goes on; one without a length ends with a mark, which is read here.
fn more(decoder: &mut Decoder<'_>, length: Option<u64>, read: usize) -> Option<bool> {
    match length {
        Some(length) => Some((read as u64) < length),
        None if decoder.datatype().ok()? == Type::Break => decoder.skip().ok().map(|()| false),
        None => Some(true),
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_cbor::Encoder;
    use aws_smithy_types::DateTime;
    use serde_json::json;

    use super::*;

    #[test]
    fn bodies_are_read_with_and_without_lengths() {
        let mut encoder = Encoder::new(Vec::new());
        encoder.begin_map();
        encoder.str("a").array(3).integer(-2).double(0.5).boolean(true);
        encoder.str("b").map(1).str("at").timestamp(&DateTime::from_secs(60));
        encoder.str("c").null();
        encoder.end();
        let body = encoder.into_writer();
        assert_eq!(read(&body), Some(json!({ "a": [-2, 0.5, true], "b": { "at": 60.0 }, "c": null })));
        for cut in 0..body.len() {
            assert_eq!(read(&body[..cut]), None, "{cut}");
        }
        assert_eq!(read(&[&body[..], &[0]].concat()), None, "more than a body");
    }

    #[test]
    fn what_is_hostile_is_refused() {
        assert_eq!(read(&vec![0x81; 100_000]), None, "lists in lists");
        assert_eq!(read(&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), None, "a length without its items");
        assert_eq!(read(b"{}"), None);
    }
}
