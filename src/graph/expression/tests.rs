use alloc::format;
use alloc::string::ToString;
use alloc::vec;

use super::*;

fn parse(text: &str) -> Expression {
    text.parse().unwrap_or_else(|error: ExpressionError| {
        panic!("{error}\n{}", error.caret(text));
    })
}

#[track_caller]
fn assert_fault(text: &str, position: usize, expected: Expected) {
    let error = text.parse::<Expression>().expect_err(text);
    assert_eq!(error, ExpressionError { position, expected }, "{}", error.caret(text));
}

#[test]
fn text_and_code_give_the_same_expression() {
    let built = Expression::new().and("Disk F:").and_any_of(["IP 1", "IP 2"]).and("Name");
    let text = "[Disk F:] and ([IP 1] or [IP 2]) and [Name]";
    assert_eq!(parse(text), built);
    assert_eq!(built.to_string(), text);
    assert_eq!(Expression::all_of(["a", "b"]), Expression::new().and("a").and("b"));
    assert_eq!(parse("[a] and [b]"), Expression::all_of(["a", "b"]));
}

#[test]
fn clauses_list_their_members_as_declared() {
    let expression = parse("[b] and ([z] or [a])");
    let mut clauses = expression.clauses();
    assert_eq!(clauses.len(), 2);
    assert!(clauses.next().unwrap().members().eq(["b"]));
    assert!(clauses.next().unwrap().members().eq(["z", "a"]));
}

#[test]
fn white_space_and_case_of_keywords_do_not_matter() {
    let plain = parse("[a] and ([b] or [c])");
    assert_eq!(parse("[a]and([b]or[c])"), plain);
    assert_eq!(parse("\r\n [ a ]\tAND\n( [b\t] oR\u{a0}[c] ) "), plain);
}

#[test]
fn canonical_text_drops_needless_parentheses() {
    assert_eq!(parse("([a]) and ([b])").to_string(), "[a] and [b]");
    assert_eq!(parse("([a])"), Expression::all_of(["a"]));
}

#[test]
fn closing_brackets_in_names_are_doubled() {
    for name in ["a]b", "]", "]]", "x]]] y]", "[a", "and", "(a or b)", "磁盘]", "a\nb"] {
        let built = Expression::all_of([name, "next"]);
        assert_eq!(parse(&built.to_string()), built, "{name}");
    }
    assert_eq!(Expression::all_of(["a]b"]).to_string(), "[a]]b]");
    assert_eq!(parse("[a]]b]"), Expression::all_of(["a]b"]));
}

#[test]
fn names_are_trimmed_in_code_too() {
    assert_eq!(Expression::all_of(["  a\t"]), parse("[a]"));
    assert_eq!(parse("[ a b ]").to_string(), "[a b]");
}

#[test]
fn duplicates_are_left_to_the_graph() {
    assert_eq!(parse("[a] and ([a] or [A])").clauses().len(), 2);
}

#[test]
fn the_default_needs_nothing_and_prints_nothing() {
    assert_eq!(Expression::default(), Expression::new());
    assert!(Expression::new().is_empty());
    assert!(!Expression::all_of(["a"]).is_empty());
    assert_eq!(Expression::new().to_string(), "");
    assert_fault("", 0, Expected::Clause);
    assert_fault(" \n", 2, Expected::Clause);
}

#[test]
fn empty_or_is_kept_for_the_graph_to_refuse() {
    let nothing = Expression::new().and_any_of::<&str>([]);
    assert_eq!(nothing.clauses().next().unwrap().members().len(), 0);
    assert_eq!(nothing.to_string(), "()");
    assert_fault("()", 1, Expected::Resource);
}

#[test]
fn bare_names_ask_for_brackets() {
    assert_fault("disk", 0, Expected::Brackets);
    assert_fault("  disk and [ip]", 2, Expected::Brackets);
    assert_fault("[disk] and ip", 11, Expected::Brackets);
    assert_fault("([disk] or 磁盘)", 11, Expected::Brackets);
    assert_fault("[a] and android", 8, Expected::Brackets);
}

#[test]
fn or_asks_for_parentheses() {
    assert_fault("[a] or [b] and [c]", 4, Expected::ParenthesesAroundOr);
    assert_fault("[a] or [b] or [c] and [d]", 4, Expected::ParenthesesAroundOr);
    assert_fault("[a] and [b] OR [c]", 12, Expected::ParenthesesAroundOr);
    assert_fault("([a] or [b]) or [c]", 13, Expected::ParenthesesAroundOr);
    assert_fault("([a] and [b])", 5, Expected::NoAndInside);
    assert_fault("([a] or [b] And [c])", 12, Expected::NoAndInside);
    assert_fault("([a] or ([b]))", 8, Expected::NoNesting);
    assert_fault("(([a]))", 1, Expected::NoNesting);
}

/// Windows writes alternatives in this way.
#[test]
fn alternatives_alone_need_no_parentheses() {
    for text in ["[a] or [b]", " [a]OR[b] ", "([a] or [b])"] {
        assert_eq!(text.parse(), Ok(Expression::new().and_any_of(["a", "b"])), "{text}");
    }
    assert_eq!("[a] or [b] or [c]".parse(), Ok(Expression::new().and_any_of(["a", "b", "c"])));
    assert_fault("[a] or", 6, Expected::Resource);
    assert_fault("[a] or b", 7, Expected::Brackets);
    assert_fault("[a] or ([b])", 7, Expected::NoNesting);
    assert_fault("[a] or [b] [c]", 11, Expected::OrOrEnd);
    assert_fault("[a] or [b", 9, Expected::ClosingBracket);
}

#[test]
fn missing_parts_are_named_where_they_are_missing() {
    assert_fault("[]", 1, Expected::Name);
    assert_fault("[a] and [ \t]", 9, Expected::Name);
    assert_fault("[a", 2, Expected::ClosingBracket);
    assert_fault("[", 1, Expected::ClosingBracket);
    assert_fault("[a]]", 4, Expected::ClosingBracket);
    assert_fault("([a] or [b]", 11, Expected::OrOrClosing);
    assert_fault("([a] [b])", 5, Expected::OrOrClosing);
    assert_fault("([a] or )", 8, Expected::Resource);
    assert_fault("([a] or", 7, Expected::Resource);
    assert_fault("(", 1, Expected::Resource);
    assert_fault("[a] and", 7, Expected::Clause);
    assert_fault("and [a]", 0, Expected::Clause);
    assert_fault("[a] and and [b]", 8, Expected::Clause);
    assert_fault("[a] [b]", 4, Expected::And);
    assert_fault("[a], [b]", 3, Expected::And);
    assert_fault("[a] andy [b]", 4, Expected::And);
    assert_fault("[a] and_ [b]", 4, Expected::And);
    assert_fault("[a])", 3, Expected::And);
    assert_fault(")", 0, Expected::Clause);
    assert_fault("]", 0, Expected::Clause);
}

#[test]
fn faults_say_what_and_where() {
    let text = "[a] or [b] and [c]";
    let error = text.parse::<Expression>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected parentheses around `or`, such as `([a] or [b])` at byte 4"
    );
    assert_eq!(error.caret(text), "[a] or [b] and [c]\n    ^");
}

#[test]
fn the_caret_counts_characters_of_one_line() {
    let caret = |text: &str| text.parse::<Expression>().unwrap_err().caret(text);
    assert_eq!(caret("[größe] & [b]"), "[größe] & [b]\n        ^");
    assert_eq!(caret("[a] and\r\n\tbare\r\nand [c]"), " bare\n ^");
    assert_eq!(caret(""), "\n^");
    assert_eq!(caret("[a] and"), "[a] and\n       ^");
    assert_eq!(caret("[\u{1b}x] ?"), "[ x] ?\n     ^");
}

#[test]
fn the_caret_survives_another_text() {
    let error = ExpressionError { position: 3, expected: Expected::And };
    assert_eq!(error.caret("a"), "a\n ^");
    assert_eq!(error.caret("磁盘"), "磁盘\n ^");
    assert_eq!(error.caret("a磁盘"), "a磁盘\n ^", "inside a character the mark moves to it");
    let far = ExpressionError { position: usize::MAX, expected: Expected::And };
    assert_eq!(far.caret("ab"), "ab\n  ^");
}

/// Every prefix of a valid text either parses or fails at a character of it.
#[test]
fn every_prefix_is_answered() {
    let text = "[Diskß F:]] ] and ( [ö] or[磁盘] oR [c] )AND [d]";
    for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)) {
        let prefix = &text[..end];
        if let Err(error) = prefix.parse::<Expression>() {
            assert!(prefix.is_char_boundary(error.position), "{prefix}");
            assert!(!error.caret(prefix).is_empty());
        }
    }
}

/// Tries all short texts over the alphabet of the grammar: no panic, sound positions, and every
/// parsed expression prints as text that parses back to an equal one.
#[test]
fn all_short_texts_are_answered() {
    let parts = ["[", "]", "(", ")", "a", " ", "and", "or", "é"];
    let mut texts = vec![String::new()];
    for _ in 0..5 {
        let longer = texts.iter().flat_map(|text| parts.map(|part| format!("{text}{part}")));
        texts = longer.collect();
        for text in &texts {
            match text.parse::<Expression>() {
                Ok(expression) => assert_eq!(parse(&expression.to_string()), expression),
                Err(error) => assert!(text.is_char_boundary(error.position), "{text}"),
            }
        }
    }
}

#[test]
fn a_mebibyte_of_anything_is_answered() {
    const SIZE: usize = 1 << 20;
    for part in ["(", "[", "]", "[]", "]]", "and", "[a] and ", "([a] or [b]) and ", "\0", "ß", " "]
    {
        let text = part.repeat(SIZE / part.len());
        let error = text.parse::<Expression>().expect_err(part);
        assert!(text.is_char_boundary(error.position), "{part}");
        assert!(error.caret(&text).ends_with('^'));
    }
    let name = format!("[{}]", "]]".repeat(SIZE / 2));
    assert_eq!(parse(&name).to_string(), name);
    let wide = format!("([a]{})", " or [a]".repeat(SIZE / 7));
    assert_eq!(parse(&wide).clauses().next().unwrap().members().len(), SIZE / 7 + 1);
    let long = format!("[a]{}", " and [a]".repeat(SIZE / 8));
    assert_eq!(parse(&long).clauses().len(), SIZE / 8 + 1);
}
