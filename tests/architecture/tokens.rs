//! Sources as names and marks, without comments, texts that are no path, characters and lifetimes.

/// The names and marks of a source; `::` is one mark.
pub(crate) fn tokens(code: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '"' => {
                let length = text(rest);
                // An attribute may name a function in a text.
                let inner = rest[..length].trim_matches('"');
                if is_path(inner) {
                    tokens.extend(self::tokens(inner));
                }
                length
            }
            'r' if raw_text(rest).is_some() => raw_text(rest).unwrap_or_default(),
            '\'' => character_or_lifetime(rest),
            _ if first.is_whitespace() => first.len_utf8(),
            _ => {
                let word = word(rest);
                let length = if rest.starts_with("::") { 2 } else { word.max(first.len_utf8()) };
                tokens.push(rest[..length].to_owned());
                length
            }
        };
        rest = &rest[length..];
    }
    tokens
}

fn is_path(inner: &str) -> bool {
    inner.contains("::") && inner.chars().all(|of| of.is_alphanumeric() || "_:".contains(of))
}

/// The length of the word at the beginning.
fn word(rest: &str) -> usize {
    let is_other = |letter: char| !letter.is_alphanumeric() && letter != '_';
    rest.find(is_other).unwrap_or(rest.len())
}

/// The length of a text in quotes at the beginning.
fn text(rest: &str) -> usize {
    let mut is_escaped = false;
    let end = rest.char_indices().skip(1).find(|(_, letter)| {
        let is_end = *letter == '"' && !is_escaped;
        is_escaped = *letter == '\\' && !is_escaped;
        is_end
    });
    end.map_or(rest.len(), |(at, _)| at + 1)
}

/// The length of a raw text at the beginning.
fn raw_text(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix('r')?;
    let marks = inner.len() - inner.trim_start_matches('#').len();
    let begin = 1 + marks + 1;
    inner[marks..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(marks));
    let length = rest[begin..].find(&end)?;
    Some(begin + length + end.len())
}

fn character_or_lifetime(rest: &str) -> usize {
    let mut letters = rest.char_indices().skip(1);
    let first = letters.next().map_or(' ', |(_, letter)| letter);
    let second = letters.next().map_or(' ', |(_, letter)| letter);
    if first == '\\' {
        return letters.find(|(_, letter)| *letter == '\'').map_or(rest.len(), |(at, _)| at + 1);
    }
    if second == '\'' { 1 + first.len_utf8() + 1 } else { 1 + word(&rest[1..]) }
}
