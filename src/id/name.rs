//! The comparison of names: without case, letter by letter, and in no other way.
//!
//! One rule holds for the names of nodes, groups, resources and kinds, of anti-affinity classes and
//! of dimensions of capacity: two spellings that differ in case only are one name. Each letter is
//! compared as the small letter of its capital, both by the Unicode tables of the standard library,
//! where they are single letters. So `EVS1` is `evs1`, `Öl` is `öl`, and both small sigmas of `Σ`
//! are one letter.
//!
//! A case mapping that gives more than one letter is not used: `ß` is not `ss`, though `ẞ` is `ß`.
//! The dotless `ı` and the dotted `İ` of Turkish are letters of their own. Nothing else is folded:
//! accents, widths and composed forms distinguish names, so `é` as one letter is not `e` with an
//! accent behind it. The rule does not depend on language or platform. A later version of Unicode
//! may give a pair to a letter that has none today.
//!
//! Sites of nodes and the name of the cluster are not names in this sense: nothing looks them up.

use core::cmp::Ordering;

/// Tells whether two spellings are one name.
///
/// ```
/// use quorate::id::name::is_same;
///
/// assert!(is_same("Disk F:", "DISK f:"));
/// assert!(!is_same("Straße", "Strasse"));
/// ```
#[must_use]
pub fn is_same(a: &str, b: &str) -> bool {
    a == b || compare(a, b) == Ordering::Equal
}

/// Returns the order of two names: equal if they are one name.
#[must_use]
pub fn compare(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() {
        let lower = |byte: u8| byte.to_ascii_lowercase();
        a.bytes().map(lower).cmp(b.bytes().map(lower))
    } else {
        folded(a).cmp(folded(b))
    }
}

/// Returns the letters of a name as they are compared.
pub fn folded(name: &str) -> impl Iterator<Item = char> + '_ {
    name.chars().map(fold)
}

/// Tells whether this character is forbidden in names: control characters, and characters that end
/// a line or turn the direction of text. A log would show a name with one of them as another name,
/// or as two lines.
#[must_use]
pub fn is_forbidden(character: char) -> bool {
    let turns = matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') || turns
}

/// Returns a number that all spellings of a name share: FNV-1a over the folded letters.
///
/// With names that are chosen to collide, lookups only compare more texts.
pub(crate) fn digest(name: &str) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let step = |sum: u64, unit: u32| (sum ^ u64::from(unit)).wrapping_mul(PRIME);
    if name.is_ascii() {
        name.bytes().fold(OFFSET, |sum, byte| step(sum, u32::from(byte.to_ascii_lowercase())))
    } else {
        folded(name).fold(OFFSET, |sum, letter| step(sum, u32::from(letter)))
    }
}

fn fold(letter: char) -> char {
    // Its capital is the plain I, which would make it equal to the dotted i.
    if letter == 'ı' {
        return letter;
    }
    let capital = single(letter, letter.to_uppercase());
    single(capital, capital.to_lowercase())
}

/// Returns the letter to which a letter is mapped, if that is one letter.
fn single(letter: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(only), None) => only,
        (Some(_) | None, _) => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spellings of one name, in several scripts.
    const SAME: [(&str, &str); 9] = [
        ("EVS1", "evs1"),
        ("Ölprüfung", "öLPRÜFUNG"),
        ("ΔΟΜΗΣ", "δομης"),
        ("δομησ", "δομης"),
        ("ДОМ", "дом"),
        ("STRAẞE", "straße"),
        ("\u{212a}", "k"),
        ("ǅ", "ǆ"),
        ("", ""),
    ];

    /// Texts that look alike and are different names.
    const DIFFERENT: [(&str, &str); 9] = [
        ("a", "ä"),
        ("a", "ab"),
        ("straße", "strasse"),
        ("ı", "i"),
        ("İ", "i"),
        ("é", "e\u{301}"),
        ("ａ", "a"),
        ("ﬁ", "fi"),
        ("а", "a"),
    ];

    #[test]
    fn case_does_not_matter_in_any_script_and_nothing_else_is_folded() {
        for (a, b) in SAME {
            assert!(is_same(a, b), "{a} {b}");
            assert_eq!(digest(a), digest(b), "{a} {b}");
        }
        for (a, b) in DIFFERENT {
            assert!(!is_same(a, b), "{a} {b}");
        }
    }

    #[test]
    fn every_letter_folds_once_and_its_cases_fold_alike() {
        for letter in '\0'..=char::MAX {
            let once = fold(letter);
            assert_eq!(fold(once), once, "{letter} is folded twice");
            for case in
                [single(letter, letter.to_lowercase()), single(letter, letter.to_uppercase())]
            {
                // Capital and small letter of Turkish belong to other letters as well.
                if !matches!(letter, 'ı' | 'İ') {
                    assert_eq!(fold(case), once, "{letter} and {case}");
                }
            }
            assert_eq!(
                fold(letter).is_ascii() && !letter.is_ascii(),
                matches!(letter, '\u{212a}' | 'ſ'),
                "{letter}"
            );
        }
    }

    #[test]
    fn the_order_of_plain_names_is_that_of_their_folded_letters() {
        for (a, b) in [("b", "A"), ("a", "B"), ("a", "aa"), ("Z", "z1"), ("_", "A")] {
            assert_eq!(compare(a, b), folded(a).cmp(folded(b)), "{a} {b}");
        }
    }
}
