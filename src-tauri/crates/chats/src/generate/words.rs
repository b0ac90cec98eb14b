//! Words and names to write with.

use super::Dice;

/// Names in several scripts.
pub(super) const NAMES: &[&str] = &[
    "Mira Lindqvist",
    "Jonas Weber",
    "Ana Sousa",
    "Yusuf Demir",
    "سلمى حداد",
    "Олена Коваль",
    "山田 花子",
    "Kwame Mensah",
    "Priya Nair",
    "Zoë O'Hara",
    "+351 912 345 678",
    "Finn 🌻",
];

const STARTS: &[&str] = &[
    "I just saw",
    "Do you remember",
    "We should talk about",
    "Somebody asked me about",
    "Tomorrow I will bring",
    "Nobody has found",
    "Heute habe ich",
    "Vergiss bitte nicht",
    "¿Alguien ha visto",
    "Ontem encontrei",
    "On se retrouve pour",
    "Сегодня я видел",
    "هل رأيت",
    "昨日見つけた",
];

const MIDDLES: &[&str] = &[
    "the green bicycle behind the bakery",
    "the book with the torn cover",
    "das alte Foto von der Brücke",
    "la receta de la abuela",
    "o bilhete para o concerto",
    "le chat des voisins",
    "ключ от сарая",
    "الكتاب الذي طلبته",
    "猫の写真",
    "our plans for the long weekend",
    "that song from the radio",
    "three boxes of apples",
    "a letter from the school",
    "the neighbours' ladder",
    "two tickets for Saturday",
    "the recipe with too much garlic",
];

const ENDS: &[&str] = &[
    "and could not stop laughing",
    "so please tell the others",
    "before the rain begins 🌧️",
    "after work, around seven",
    "as soon as possible",
    "und dann nach Hause",
    "y luego te llamo",
    "se der tempo",
    "quand tu veux",
    "если успеем",
    "إن شاء الله",
    "楽しみ！",
    "👍",
    "😂😂",
    "if nobody minds",
    "or maybe next week",
];

/// A sentence of 20 to 160 bytes.
pub(super) fn sentence(dice: &mut Dice, out: &mut String) {
    out.push_str(dice.pick(STARTS));
    out.push(' ');
    out.push_str(dice.pick(MIDDLES));
    for _ in 0..dice.below(3) {
        out.push_str(", ");
        out.push_str(dice.pick(MIDDLES));
    }
    if dice.chance(600) {
        out.push(' ');
        out.push_str(dice.pick(ENDS));
    }
}
