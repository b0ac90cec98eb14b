//! The path of a file out of what WhatsApp's older databases keep of it: a serialised Java object, `com.whatsapp.MediaData`.

/// Longest path that is looked for.
const MAX_PATH: usize = 1024;

/// The path of the file; `None` when the bytes hold none. Java writes a text as `t`, its length in two bytes, and the text.
pub(super) fn file_path(object: &[u8]) -> Option<String> {
    if !object.starts_with(&[0xac, 0xed]) {
        return None;
    }
    let texts = memchr::memchr_iter(b't', object).filter_map(|at| {
        let rest = object.get(at + 1..)?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let text = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
        let is_path = text.len() <= MAX_PATH && memchr::memmem::find(text, b"Media/").is_some();
        std::str::from_utf8(text).ok().filter(|text| is_path && !text.chars().any(char::is_control))
    });
    texts.max_by_key(|text| text.len()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_path_is_found_in_a_serialised_object() {
        let path = "/storage/emulated/0/WhatsApp/Media/WhatsApp Images/IMG-20150101-WA0001.jpg";
        let mut object = vec![0xac, 0xed, 0, 5, b's', b'r', 0, 22];
        object.extend(b"com.whatsapp.MediaDatat\0\x02[Bt");
        object.extend(u16::try_from(path.len()).unwrap().to_be_bytes());
        object.extend(path.as_bytes());
        object.extend([b'w', 0, 1]);

        assert_eq!(file_path(&object).as_deref(), Some(path));
        assert_eq!(file_path(&object[2..]), None);
        assert_eq!(file_path(&object[..60]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut object = vec![0xac, 0xed];
            object.extend(bytes);
            let _ = file_path(&object);
        }
    }
}
