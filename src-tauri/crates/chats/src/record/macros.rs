//! Declares the model's structs and enums together with their place in a record, so that a field cannot be
//! added without a key.

/// A struct whose fields have record keys (ascending in the declaration); unknown keys are kept in `extra`.
macro_rules! record {
    ($( $(#[$meta:meta])* pub struct $name:ident { $( $(#[$fmeta:meta])* $key:literal $field:ident: $ty:ty, )* } )*) => { $(
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name {
            $( $(#[$fmeta])* pub $field: $ty, )*
            /// What a newer version added, kept as it came.
            pub extra: $crate::record::Extra,
        }

        impl $crate::record::Field for $name {
            fn put(&self, out: &mut Vec<u8>) {
                let Self { $( $field, )* extra } = self;
                let mut entries: Vec<(u64, Vec<u8>)> = Vec::new();
                $( if *$field != <$ty as Default>::default() {
                    let mut value = Vec::new();
                    $crate::record::Field::put($field, &mut value);
                    entries.push(($key, value));
                } )*
                $crate::record::put_map(out, entries, extra);
            }
            fn take(decoder: &mut minicbor::Decoder<'_>) -> Result<Self, $crate::record::RecordError> {
                let mut made = Self::default();
                made.extra = $crate::record::take_map(decoder, |key, decoder| {
                    match key {
                        $( $key => made.$field = $crate::record::Field::take(decoder)?, )*
                        _ => return Ok(false),
                    }
                    Ok(true)
                })?;
                Ok(made)
            }
            fn json(&self) -> serde_json::Value {
                let Self { $( $field, )* extra } = self;
                let mut object = serde_json::Map::new();
                $( if *$field != <$ty as Default>::default() {
                    object.insert(stringify!($field).to_owned(), $crate::record::Field::json($field));
                } )*
                $crate::record::extra_json(&mut object, extra);
                serde_json::Value::Object(object)
            }
        }
    )* };
}

/// A closed set with a record code and a word for people and JSON.
macro_rules! words {
    ($( $(#[$meta:meta])* pub enum $name:ident { $( $(#[$vmeta:meta])* $code:literal $variant:ident $word:literal, )* } )*) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $( $(#[$vmeta])* $variant, )* }

        impl $name {
            /// The stable word.
            pub fn word(self) -> &'static str {
                match self { $( Self::$variant => $word, )* }
            }
            /// The value with this word.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $( $word => Some(Self::$variant), )* _ => None }
            }
        }

        impl $crate::record::Field for $name {
            fn put(&self, out: &mut Vec<u8>) {
                let code: u64 = match self { $( Self::$variant => $code, )* };
                $crate::record::Field::put(&code, out);
            }
            fn take(decoder: &mut minicbor::Decoder<'_>) -> Result<Self, $crate::record::RecordError> {
                match <u64 as $crate::record::Field>::take(decoder)? {
                    $( $code => Ok(Self::$variant), )*
                    code => Err($crate::record::RecordError::Newer { what: stringify!($name), code }),
                }
            }
            fn json(&self) -> serde_json::Value {
                serde_json::Value::from(self.word())
            }
        }
    )* };
}

pub(crate) use {record, words};
