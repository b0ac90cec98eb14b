//! What is looked at in a contact card; the whole card is kept beside it.

/// The value of the first line with one of these names, with or without a group (`item1.TEL;waid=49…:+49 …`).
pub(crate) fn line(card: &str, names: &[&str]) -> Option<String> {
    names.iter().find_map(|wanted| {
        card.lines().find_map(|line| {
            let (head, value) = line.split_once(':')?;
            let name = head.split(';').next()?;
            let name = name.rsplit('.').next()?;
            let value = value.trim().trim_matches(';');
            (name.eq_ignore_ascii_case(wanted) && !value.is_empty()).then(|| value.to_owned())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_in_a_group_and_in_small_letters() {
        let card = "BEGIN:VCARD\nN:Doe;Jo;;;\nitem1.tel;waid=49151:+49 151\nEND:VCARD";

        assert_eq!(line(card, &["TEL"]).as_deref(), Some("+49 151"));
        assert_eq!(line(card, &["FN", "N"]).as_deref(), Some("Doe;Jo"));
        assert_eq!(line(card, &["EMAIL"]), None);
    }
}
