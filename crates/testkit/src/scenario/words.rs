//! Lines split into words.

/// Returns the words of a line: separated by white space, joined by double quotes, up to a `#`. A
/// JSON value after a key is taken over unchanged.
pub(crate) fn split(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    let mut end_of_json = 0;
    for (at, letter) in line.char_indices() {
        let is_value = !quoted && word.as_ref().is_some_and(|word| word.ends_with('='));
        if is_value && at >= end_of_json {
            end_of_json = at + json_length(&line[at..]);
        }
        match letter {
            _ if at < end_of_json => word.get_or_insert_default().push(letter),
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            '#' if !quoted && word.is_none() => break,
            _ if letter.is_whitespace() && !quoted => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    if quoted { Err("a quote is not closed".into()) } else { Ok(words) }
}

/// Returns the length of the object, or of the list of objects or texts, with which a text begins;
/// 0 if it does not begin with one.
fn json_length(text: &str) -> usize {
    if !["{", "[{", "[\""].iter().any(|begin| text.starts_with(begin)) {
        return 0;
    }
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>();
    match values.next() {
        Some(Ok(_)) => values.byte_offset(),
        Some(Err(_)) | None => 0,
    }
}

/// The words after a command: plain words and `key=value` pairs.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    pub(crate) plain: Vec<String>,
    pub(crate) pairs: Vec<(String, String)>,
}

impl Arguments {
    pub(crate) fn of(words: &[String]) -> Self {
        let mut arguments = Self::default();
        for word in words {
            match word.split_once('=') {
                Some((key, value)) if !key.is_empty() => {
                    arguments.pairs.push((key.into(), value.into()));
                }
                _ => arguments.plain.push(word.clone()),
            }
        }
        arguments
    }

    /// Takes the value of a key out.
    pub(crate) fn take(&mut self, key: &str) -> Option<String> {
        let place = self.pairs.iter().position(|(name, _)| name == key)?;
        Some(self.pairs.remove(place).1)
    }

    /// Takes a plain word out, and tells whether it was there.
    pub(crate) fn take_flag(&mut self, flag: &str) -> bool {
        let place = self.plain.iter().position(|word| word == flag);
        place.map(|place| self.plain.remove(place)).is_some()
    }

    /// Returns the only plain word.
    pub(crate) fn one(self, what: &str) -> Result<String, String> {
        match <[String; 1]>::try_from(self.all()?) {
            Ok([word]) => Ok(word),
            Err(_) => Err(format!("expected {what}")),
        }
    }

    /// Returns all plain words, if no pairs are left.
    pub(crate) fn all(self) -> Result<Vec<String>, String> {
        match self.pairs.first() {
            Some((key, _)) => Err(format!("{key}= does not belong here")),
            None => Ok(self.plain),
        }
    }
}

/// Reads a span such as `15m` or `500ms`; several may follow each other.
pub(crate) fn span(text: &str) -> Result<std::time::Duration, String> {
    // The crate reads spans in declarations; this borrows its reader.
    let json = serde_json::Value::String(text.into());
    match serde_json::from_value::<quorate::settings::Interval>(json) {
        Ok(quorate::settings::Interval::Every(span)) => Ok(span),
        Ok(quorate::settings::Interval::Never) | Err(_) => Err(format!("{text} is not a span")),
    }
}

/// Returns the value of an enum from its name in files.
pub(crate) fn named<T: serde::de::DeserializeOwned>(name: &str) -> Result<T, String> {
    let json = serde_json::Value::String(name.replace('-', "_"));
    serde_json::from_value(json).map_err(|error| error.to_string())
}

/// Returns the name of a value in files, with spaces.
pub(crate) fn name_of(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name.replace('_', " "),
        Ok(other) => other.to_string(),
        Err(error) => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_behind_a_key_is_one_word() {
        let words = |line| split(line).expect("it is sound");
        assert_eq!(
            words(r#"kind "My Service" class=user requires=[{"class":"storage"}] # why"#),
            ["kind", "My Service", "class=user", r#"requires=[{"class":"storage"}]"#]
        );
        assert_eq!(words(r#"a x={"k": "v w"} b"#), ["a", r#"x={"k": "v w"}"#, "b"]);
        assert_eq!(words(r#"r needs="[disk f]" kind=[x]"#), ["r", "needs=[disk f]", "kind=[x]"]);
        assert!(split(r#"a x=[{"k"]"#).is_ok());
    }
}
