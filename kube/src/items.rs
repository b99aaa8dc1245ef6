//! Takes a list apart while it arrives.
//!
//! A list of 500 pods is several megabytes, and codriver wants a few names of it. So the bytes are cut, as they come, at
//! the borders of the list's fields and of the elements of `items`; each piece is parsed by `serde_json` and dropped
//! before the next one. Only the outermost two levels are understood here.

/// A piece of the list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// One element of `items`, as JSON.
    Item(&'a [u8]),
    /// Another field of the list, its name as it stands between the quotes, and its value as JSON.
    Field(&'a [u8], &'a [u8]),
}

/// The largest single object that is taken: etcd holds none above 1.5 MiB.
pub(crate) const LARGEST_OBJECT: usize = 2 << 20;

/// Where in the list the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    BeforeKey,
    Key,
    Colon,
    BeforeValue,
    Value(Shape),
    AfterValue,
    BeforeElement,
    Element(Shape),
    AfterElement,
    End,
}

/// What a value is made of, which decides where it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// In a string.
    Text,
    /// In an object or array, as many levels deep.
    Nested(u32),
    /// In a string within those levels.
    NestedText(u32),
    /// A number, `true`, `false` or `null`.
    Word,
}

/// The splitter. Feed it chunk after chunk and ask at the end whether the list was whole.
#[derive(Debug)]
pub(crate) struct Items {
    at: At,
    escaped: bool,
    key: Vec<u8>,
    piece: Vec<u8>,
}

impl Items {
    pub(crate) fn new() -> Self {
        Self { at: At::Start, escaped: false, key: Vec::new(), piece: Vec::new() }
    }

    /// Whether the list came to its end.
    pub(crate) fn is_whole(&self) -> bool {
        self.at == At::End
    }

    /// Takes the next bytes; `found` gets each piece that they complete, and may refuse it.
    pub(crate) fn feed(
        &mut self,
        chunk: &[u8],
        found: &mut dyn FnMut(Piece<'_>) -> Result<(), String>,
    ) -> Result<(), String> {
        chunk.iter().try_for_each(|&byte| self.step(byte, found))
    }

    fn step(&mut self, byte: u8, found: &mut dyn FnMut(Piece<'_>) -> Result<(), String>) -> Result<(), String> {
        if self.key.len().max(self.piece.len()) > LARGEST_OBJECT {
            return Err(format!("an object in it is larger than {} MiB", LARGEST_OBJECT >> 20));
        }
        let space = matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        match self.at {
            At::Key if byte != b'"' || self.escaped => {
                self.escaped = byte == b'\\' && !self.escaped;
                self.key.push(byte);
            }
            At::Key => self.at = At::Colon,
            At::Value(Shape::Word) if space || matches!(byte, b',' | b'}') => {
                self.finish(found)?;
                return self.step(byte, found);
            }
            At::Value(shape) => match self.inside(shape, byte) {
                Some(shape) => self.at = At::Value(shape),
                None => self.finish(found)?,
            },
            At::Element(shape) => match self.inside(shape, byte) {
                Some(shape) => self.at = At::Element(shape),
                None => self.finish(found)?,
            },
            _ if space => {}
            at => self.at = self.between(at, byte)?,
        }
        Ok(())
    }

    /// Outside of values: the next place, when this byte may stand here.
    fn between(&mut self, at: At, byte: u8) -> Result<At, String> {
        Ok(match (at, byte) {
            (At::Start, b'{') | (At::AfterValue, b',') => At::BeforeKey,
            (At::BeforeKey, b'"') => {
                self.key.clear();
                At::Key
            }
            (At::Colon, b':') => At::BeforeValue,
            (At::BeforeValue, b'[') if self.key == b"items" => At::BeforeElement,
            (At::BeforeValue, b'"' | b'{' | b'[' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => {
                At::Value(self.begin(byte))
            }
            (At::BeforeElement, b'{') => At::Element(self.begin(byte)),
            (At::AfterElement, b',') => At::BeforeElement,
            (At::BeforeElement | At::AfterElement, b']') => At::AfterValue,
            (At::BeforeKey | At::AfterValue, b'}') => At::End,
            _ => return Err(format!("{:?} was not expected there", char::from(byte))),
        })
    }

    fn begin(&mut self, byte: u8) -> Shape {
        self.piece.clear();
        self.piece.push(byte);
        match byte {
            b'"' => Shape::Text,
            b'{' | b'[' => Shape::Nested(1),
            _ => Shape::Word,
        }
    }

    /// Inside a value: its shape after this byte, or `None` when the byte ends it.
    fn inside(&mut self, shape: Shape, byte: u8) -> Option<Shape> {
        self.piece.push(byte);
        if self.escaped {
            self.escaped = false;
            return Some(shape);
        }
        match (shape, byte) {
            (Shape::Text | Shape::NestedText(_), b'\\') => {
                self.escaped = true;
                Some(shape)
            }
            (Shape::Text, b'"') | (Shape::Nested(1), b'}' | b']') => None,
            (Shape::NestedText(depth), b'"') => Some(Shape::Nested(depth)),
            (Shape::Nested(depth), b'"') => Some(Shape::NestedText(depth)),
            (Shape::Nested(depth), b'{' | b'[') => Some(Shape::Nested(depth.saturating_add(1))),
            (Shape::Nested(depth), b'}' | b']') => Some(Shape::Nested(depth - 1)),
            _ => Some(shape),
        }
    }

    fn finish(&mut self, found: &mut dyn FnMut(Piece<'_>) -> Result<(), String>) -> Result<(), String> {
        if matches!(self.at, At::Element(_)) {
            self.at = At::AfterElement;
            found(Piece::Item(&self.piece))
        } else {
            self.at = At::AfterValue;
            found(Piece::Field(&self.key, &self.piece))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// Items and fields.
    type Pieces = (Vec<Value>, Vec<(String, Value)>);

    /// The pieces of a list that arrives in chunks of these lengths, in turn; `None` when it is not whole.
    fn pieces(text: &[u8], lengths: &[usize]) -> Result<Option<Pieces>, String> {
        let (mut items, mut fields) = (Vec::new(), Vec::new());
        let mut list = Items::new();
        let (mut rest, mut lengths) = (text, lengths.iter().cycle());
        while !rest.is_empty() {
            let (chunk, after) = rest.split_at((*lengths.next().unwrap()).clamp(1, rest.len()));
            rest = after;
            list.feed(chunk, &mut |piece| {
                match piece {
                    Piece::Item(item) => items.push(serde_json::from_slice(item).map_err(|error| error.to_string())?),
                    Piece::Field(key, value) => {
                        let value = serde_json::from_slice(value).map_err(|error| error.to_string())?;
                        fields.push((String::from_utf8_lossy(key).into_owned(), value));
                    }
                }
                Ok(())
            })?;
        }
        Ok(list.is_whole().then_some((items, fields)))
    }

    #[test]
    fn a_list_is_cut_at_its_items_and_fields() {
        let text = br#" {"kind":"PodList","metadata":{"continue":"a\"]},"},"code":200 ,
            "items":[ {"a":"}]"} ,{"b":[{"c":"\\"}]}],"last":null}
        "#;
        let (items, fields) = pieces(text, &[7]).unwrap().unwrap();
        assert_eq!(items, [json!({"a": "}]"}), json!({"b": [{"c": "\\"}]})]);
        assert_eq!(
            fields,
            [
                ("kind".into(), json!("PodList")),
                ("metadata".into(), json!({"continue": "a\"]},"})),
                ("code".into(), json!(200)),
                ("last".into(), json!(null)),
            ]
        );
    }

    #[test]
    fn an_empty_list_and_a_missing_one_have_no_items() {
        for text in [&br#"{"items":[]}"#[..], br#"{"items":null}"#, b"{}", br#"{"kind":"Status"}"#] {
            assert_eq!(pieces(text, &[1]).unwrap().unwrap().0, [] as [Value; 0]);
        }
    }

    #[test]
    fn what_is_not_a_list_is_refused() {
        for text in
            ["<html>", "[]", "{]", "{1:2}", r#"{"a" 1}"#, r#"{"items":[1]}"#, r#"{"a":}"#, "{}{}", r#"{"a":nul}"#]
        {
            assert!(pieces(text.as_bytes(), &[3]).is_err(), "{text}");
        }
    }

    #[test]
    fn an_object_without_end_is_refused_before_it_fills_the_memory() {
        let mut list = Items::new();
        let mut fed = 0;
        let refused =
            std::iter::once(&b"{\"a\":[\""[..]).chain(std::iter::repeat(&[b'x'; 65_536][..])).find_map(|chunk| {
                fed += chunk.len();
                list.feed(chunk, &mut |_| Ok(())).err()
            });
        assert_eq!(refused.unwrap(), "an object in it is larger than 2 MiB");
        assert!(fed < LARGEST_OBJECT + 2 * 65_536);
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".*".prop_map(Value::from),
            r#"["\\\[\]{},:]{0,8}"#.prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(".{0,4}", inner, 0..5).prop_map(|map| json!(map)),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_list_in_any_chunks_gives_its_items(
            bodies in prop::collection::vec(any_value(), 0..6),
            metadata in any_value(),
            lengths in prop::collection::vec(1_usize..40, 1..8),
            pretty: bool,
            cut: prop::sample::Index,
        ) {
            let items: Vec<_> = bodies.into_iter().map(|body| json!({ "body": body })).collect();
            let list = json!({ "kind": "PodList", "metadata": metadata, "items": items });
            let text = if pretty { serde_json::to_vec_pretty(&list) } else { serde_json::to_vec(&list) }.unwrap();
            let (found, fields) = pieces(&text, &lengths).unwrap().unwrap();
            prop_assert_eq!(found, items);
            prop_assert!(fields.contains(&("metadata".into(), metadata)));
            prop_assert_eq!(pieces(&text[..cut.index(text.len())], &lengths), Ok(None));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, lengths in prop::collection::vec(1_usize..9, 1..4)) {
            let _ = pieces(&bytes, &lengths);
        }
    }
}
