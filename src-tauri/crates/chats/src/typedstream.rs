//! Apple's old archives of objects ("typedstream"), in which Messages keeps its texts.
//!
//! The layout as it is known from public readers of it (GNUstep's and Darling's `NSUnarchiver`, pytypedstream): a header; groups of
//! values, each behind a text with the types of its values; objects with a chain of classes. What was written once (a text, an object,
//! a class) is afterwards only a number. All numbers and lengths come from strangers: depth, sizes and counts have limits.

use std::rc::Rc;

mod attributed;

#[cfg(any(test, feature = "generate"))]
pub(crate) use attributed::write;
pub(crate) use attributed::{Attributed, Run};

/// Deepest nesting that is followed.
const MAX_DEPTH: usize = 64;
/// Most values of one archive.
const MAX_VALUES: usize = 500_000;
/// The number of the first text, object or class that was written.
const FIRST: i64 = -110;

const INT_16: u8 = 0x81;
const INT_32: u8 = 0x82;
const REAL: u8 = 0x83;
const INT_64: u8 = 0x87;
const NEW: u8 = 0x84;
const NIL: u8 = 0x85;
const END: u8 = 0x86;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Nil,
    Int(i64),
    Real(f64),
    Bytes(Rc<[u8]>),
    /// An object by its place in [`Archive::objects`].
    Object(usize),
}

/// An object: its classes, the nearest first, and what it wrote.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Object {
    pub(crate) classes: Vec<Rc<str>>,
    pub(crate) values: Vec<Value>,
}

impl Object {
    pub(crate) fn is(&self, class: &str) -> bool {
        self.classes.iter().any(|name| &**name == class)
    }
}

/// A whole archive.
#[derive(Clone, Debug, Default)]
pub(crate) struct Archive {
    objects: Vec<Object>,
    top: Vec<Value>,
}

impl Archive {
    /// `None` when the bytes are no archive, or one that is broken.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader { rest: bytes, ..Reader::default() };
        let is_ours = reader.int()? == 4 && reader.raw_text()? == b"streamtyped" && reader.int()? == 1000;
        if !is_ours {
            return None;
        }
        let mut top = Vec::new();
        while !reader.rest.is_empty() {
            reader.group(&mut top, 0)?;
        }
        Some(Self { objects: reader.objects, top })
    }

    pub(crate) fn object(&self, value: &Value) -> Option<&Object> {
        if let Value::Object(place) = value { self.objects.get(*place) } else { None }
    }

    /// The object everything else is in.
    pub(crate) fn top(&self) -> Option<&Object> {
        self.top.first().and_then(|value| self.object(value))
    }

    /// The text of an object that is one.
    pub(crate) fn text(&self, value: &Value) -> Option<String> {
        let object = self.object(value).filter(|object| object.is("NSString"))?;
        let bytes = object
            .values
            .iter()
            .find_map(|value| if let Value::Bytes(bytes) = value { Some(bytes) } else { None });
        bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// The entries of a dictionary with texts for keys.
    pub(crate) fn entries(&self, value: &Value) -> Vec<(String, &Value)> {
        let Some(object) = self.object(value).filter(|object| object.is("NSDictionary")) else {
            return Vec::new();
        };
        // The count comes first.
        let pairs = object.values.get(1..).unwrap_or_default().chunks_exact(2);
        pairs.filter_map(|pair| Some((self.text(pair.first()?)?, pair.get(1)?))).collect()
    }
}

/// What a number of its own was given to.
#[derive(Clone)]
enum Known {
    Object(usize),
    Class(usize),
    Text(Rc<[u8]>),
}

#[derive(Default)]
struct Reader<'a> {
    rest: &'a [u8],
    texts: Vec<Rc<[u8]>>,
    known: Vec<Known>,
    objects: Vec<Object>,
    /// Name and parent of each class.
    classes: Vec<(Rc<str>, Option<usize>)>,
    values: usize,
}

impl Reader<'_> {
    /// A text with types, then a value of each.
    fn group(&mut self, into: &mut Vec<Value>, depth: usize) -> Option<()> {
        let types = self.shared_text()??;
        let mut types = &*types;
        while !types.is_empty() {
            self.value(&mut types, into, depth)?;
        }
        Some(())
    }

    /// The value of the first type; takes it away from the types.
    fn value(&mut self, types: &mut &[u8], into: &mut Vec<Value>, depth: usize) -> Option<()> {
        self.values += 1;
        if depth > MAX_DEPTH || self.values > MAX_VALUES {
            return None;
        }
        let all = *types;
        let (kind, rest) = all.split_first()?;
        *types = rest;
        into.push(match kind {
            b'c' => Value::Int(i64::from(self.byte()?.cast_signed())),
            b'C' | b'B' => Value::Int(i64::from(self.byte()?)),
            b's' | b'S' | b'i' | b'I' | b'l' | b'L' | b'q' | b'Q' => Value::Int(self.int()?),
            b'f' => Value::Real(self.real::<4>(|bytes| f64::from(f32::from_le_bytes(bytes)))?),
            b'd' => Value::Real(self.real::<8>(f64::from_le_bytes)?),
            b'@' => self.object(depth)?,
            b'#' => {
                self.class(depth)?;
                Value::Nil
            }
            b'*' => self.c_text()?,
            b'%' | b':' => self.shared_text()?.map_or(Value::Nil, Value::Bytes),
            b'+' => Value::Bytes(self.raw_text()?.into()),
            b'[' => return self.array(types, into, depth),
            b'{' => return self.structure(types, into, depth),
            _ => return None,
        });
        Some(())
    }

    /// `[NNt]`: a fixed number of one type.
    fn array(&mut self, types: &mut &[u8], into: &mut Vec<Value>, depth: usize) -> Option<()> {
        let all = *types;
        let digits = all.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, rest) = all.split_at_checked(digits)?;
        let count: usize = std::str::from_utf8(number).ok()?.parse().ok()?;
        let end = closing(rest, b'[', b']')?;
        let (inner, after) = rest.split_at_checked(end)?;
        *types = after.get(1..)?;
        if matches!(inner, [b'c' | b'C']) {
            into.push(Value::Bytes(self.take(count)?.into()));
            return Some(());
        }
        for _ in 0..count {
            let mut inner = inner;
            self.value(&mut inner, into, depth + 1)?;
        }
        Some(())
    }

    /// `{name=tt}`: one value of each type.
    fn structure(&mut self, types: &mut &[u8], into: &mut Vec<Value>, depth: usize) -> Option<()> {
        let all = *types;
        let end = closing(all, b'{', b'}')?;
        let (inner, after) = all.split_at_checked(end)?;
        *types = after.get(1..)?;
        let begins = inner.iter().position(|byte| *byte == b'=').map_or(inner.len(), |at| at + 1);
        let mut inner = inner.get(begins..)?;
        while !inner.is_empty() {
            self.value(&mut inner, into, depth + 1)?;
        }
        Some(())
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        match *self.rest.first()? {
            NIL => self.byte().map(|_| Value::Nil),
            NEW => {
                self.byte()?;
                let place = self.objects.len();
                self.objects.push(Object::default());
                self.known.push(Known::Object(place));
                let class = self.class(depth)?;
                let mut object = Object { classes: self.chain(class), values: Vec::new() };
                while *self.rest.first()? != END {
                    self.group(&mut object.values, depth + 1)?;
                }
                self.byte()?;
                *self.objects.get_mut(place)? = object;
                Some(Value::Object(place))
            }
            _ => match self.reference()? {
                Known::Object(place) => Some(Value::Object(place)),
                Known::Text(text) => Some(Value::Bytes(text)),
                Known::Class(_) => None,
            },
        }
    }

    /// A class with its parents; `Some(None)` where there is none.
    fn class(&mut self, depth: usize) -> Option<Option<usize>> {
        if depth > MAX_DEPTH {
            return None;
        }
        match *self.rest.first()? {
            NIL => self.byte().map(|_| None),
            NEW => {
                self.byte()?;
                let name = self.shared_text()??;
                let name: Rc<str> = String::from_utf8_lossy(&name).into();
                self.int()?;
                let place = self.classes.len();
                self.classes.push((name, None));
                self.known.push(Known::Class(place));
                let parent = self.class(depth + 1)?;
                self.classes.get_mut(place)?.1 = parent;
                Some(Some(place))
            }
            _ => match self.reference()? {
                Known::Class(place) => Some(Some(place)),
                Known::Object(_) | Known::Text(_) => None,
            },
        }
    }

    fn chain(&self, class: Option<usize>) -> Vec<Rc<str>> {
        let mut names = Vec::new();
        let mut next = class;
        while let Some((name, parent)) = next.and_then(|place| self.classes.get(place))
            && names.len() < MAX_DEPTH
        {
            names.push(name.clone());
            next = *parent;
        }
        names
    }

    /// A text of C: it has a number among the objects, and its content one among the texts.
    fn c_text(&mut self) -> Option<Value> {
        match *self.rest.first()? {
            NIL => self.byte().map(|_| Value::Nil),
            NEW => {
                self.byte()?;
                let text = self.shared_text()??;
                self.known.push(Known::Text(text.clone()));
                Some(Value::Bytes(text))
            }
            _ => match self.reference()? {
                Known::Text(text) => Some(Value::Bytes(text)),
                Known::Object(_) | Known::Class(_) => None,
            },
        }
    }

    /// A text that is written once; `Some(None)` where there is none.
    fn shared_text(&mut self) -> Option<Option<Rc<[u8]>>> {
        match *self.rest.first()? {
            NIL => self.byte().map(|_| None),
            NEW => {
                self.byte()?;
                let text: Rc<[u8]> = self.raw_text()?.into();
                self.texts.push(text.clone());
                Some(Some(text))
            }
            _ => {
                let number = usize::try_from(self.int()?.checked_sub(FIRST)?).ok()?;
                self.texts.get(number).cloned().map(Some)
            }
        }
    }

    fn reference(&mut self) -> Option<Known> {
        let number = usize::try_from(self.int()?.checked_sub(FIRST)?).ok()?;
        self.known.get(number).cloned()
    }

    fn raw_text(&mut self) -> Option<&[u8]> {
        let length = usize::try_from(self.int()?).ok()?;
        self.take(length)
    }

    /// A byte, or what stands behind a mark.
    fn int(&mut self) -> Option<i64> {
        Some(match self.byte()? {
            INT_16 => i64::from(i16::from_le_bytes(*self.take(2)?.first_chunk()?)),
            INT_32 => i64::from(i32::from_le_bytes(*self.take(4)?.first_chunk()?)),
            INT_64 => i64::from_le_bytes(*self.take(8)?.first_chunk()?),
            REAL..=0x91 => return None,
            byte => i64::from(byte.cast_signed()),
        })
    }

    /// Whole numbers are written as such.
    fn real<const N: usize>(&mut self, from: fn([u8; N]) -> f64) -> Option<f64> {
        if *self.rest.first()? == REAL {
            self.byte()?;
            return Some(from(*self.take(N)?.first_chunk()?));
        }
        i32::try_from(self.int()?).ok().map(f64::from)
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    fn take(&mut self, length: usize) -> Option<&[u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }
}

/// Where the bracket closes that stands open before these types.
fn closing(types: &[u8], opens: u8, closes: u8) -> Option<usize> {
    let mut open = 1_usize;
    types.iter().position(|byte| {
        if *byte == opens {
            open += 1;
        } else if *byte == closes {
            open -= 1;
        }
        open == 0
    })
}
