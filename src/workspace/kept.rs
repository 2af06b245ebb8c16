//! The kept state as bytes: MessagePack, in which a content stands with its length. Reading it back takes no parsing of
//! contents, which in JSON is most of the time a workspace takes to open. Compressed by LZ4, which costs less than writing
//! what it saves: the store's writer does nothing else meanwhile.

use super::Workspace;
use lz4_flex::block::{compress_prepend_size, decompress_size_prepended};

impl Workspace {
    /// The state as bytes.
    ///
    /// # Errors
    /// None that is known of: these types can be written.
    pub fn to_kept(&self) -> anyhow::Result<Vec<u8>> {
        Ok(compress_prepend_size(&rmp_serde::to_vec_named(self)?))
    }

    /// Reads what [`Workspace::to_kept`] wrote.
    ///
    /// # Errors
    /// When it isn't that.
    pub fn from_kept(bytes: &[u8]) -> anyhow::Result<Self> {
        let mut workspace: Self = rmp_serde::from_slice(&decompress_size_prepended(bytes)?)?;
        for item in workspace.items.values() {
            workspace.children.entry(item.parent).or_default().insert((item.order.clone(), item.id));
        }
        Ok(workspace)
    }
}

/// How a content is written: as it is among JSON, as a string where strings have a length.
pub(super) mod content {
    use crate::workspace::item::Content;
    use serde::de::value::MapDeserializer;
    use serde::de::{Deserialize, Deserializer, Error, Visitor};
    use serde::forward_to_deserialize_any;
    use serde::ser::{Serialize, Serializer};

    pub(in crate::workspace) fn serialize<S: Serializer>(content: &Content, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() { content.serialize(to) } else { to.serialize_str(content.get()) }
    }

    pub(in crate::workspace) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Content, D::Error> {
        if from.is_human_readable() {
            return Content::deserialize(from);
        }
        let text = String::deserialize(from)?;
        Content::deserialize(Written(text)).map_err(D::Error::custom)
    }

    /// JSON that was a content when it was written: `RawValue` takes it without parsing it again.
    struct Written(String);

    impl<'de> Deserializer<'de> for Written {
        type Error = serde_json::Error;

        fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            visitor.visit_string(self.0)
        }

        /// `RawValue` asks for a newtype and takes it as a map of one string, under the newtype's name.
        fn deserialize_newtype_struct<V: Visitor<'de>>(
            self,
            name: &'static str,
            visitor: V,
        ) -> Result<V::Value, Self::Error> {
            visitor.visit_map(MapDeserializer::new(std::iter::once((name, self.0))))
        }

        forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple
            tuple_struct map struct enum identifier ignored_any
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::item::Environment;
    use crate::id::EnvironmentId;
    use serde_json::json;

    #[test]
    fn a_content_comes_back_as_it_was_written() {
        let content: Box<serde_json::value::RawValue> =
            serde_json::from_str("{ \"big\": 12345678901234567890123,\n \"é\\u0041\": [1.0] }").expect("JSON");
        let id = EnvironmentId(uuid::Uuid::nil());
        let kept = Environment { id, name: "E".into(), content: content.into(), position: 7 };
        let bytes = rmp_serde::to_vec_named(&kept).expect("written");
        let read: Environment = rmp_serde::from_slice(&bytes).expect("read");
        assert_eq!(read.content.get(), kept.content.get());
        let as_json = serde_json::to_value(&read).expect("JSON");
        assert_eq!(as_json["content"]["éA"], json!([1.0]));
    }
}
