//! Differences between two texts, for readers.

/// Returns the lines of both texts in order: `-` marks lines only in the first, `+` lines only in
/// the second. Equal lines are shown only near a difference.
pub fn diff(expected: &str, actual: &str) -> String {
    let old: Vec<&str> = expected.lines().collect();
    let new: Vec<&str> = actual.lines().collect();
    let lines = marked(&old, &new);
    let differs = |index: usize| lines.get(index).is_some_and(|(mark, _)| *mark != ' ');
    let near = |index: usize| (index.saturating_sub(3)..=index + 3).any(differs);
    let mut text = String::new();
    let mut gap = false;
    for (index, (mark, line)) in lines.iter().enumerate() {
        if near(index) {
            if gap {
                text.push_str("  ...\n");
            }
            text.push_str(&format!("{mark} {line}\n"));
        }
        gap = !near(index);
    }
    text
}

fn marked<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(char, &'a str)> {
    // Longest common subsequence of the rests, from the end.
    let mut common = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] = if old[i] == new[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push((' ', old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && common[i + 1][j] >= common[i][j + 1]) {
            lines.push(('-', old[i]));
            i += 1;
        } else {
            lines.push(('+', new[j]));
            j += 1;
        }
    }
    lines
}
