//! The most important rule: at most one copy of each resource runs, and the running resources of a
//! group are all on one machine.

use crate::{Breach, ensure};

/// Returns the copies that may not run at once, two by two: those of one resource come first, then
/// those of one group on two machines. A copy names its group, its resource and its machine.
pub(crate) fn find<G: Copy + Ord, R: Copy + Ord, M: Copy + Ord>(
    copies: impl Iterator<Item = (G, R, M)>,
) -> Vec<[(G, R, M); 2]> {
    let mut copies: Vec<(G, R, M)> = copies.collect();
    copies.sort_unstable();
    let pairs = copies.iter().zip(copies.iter().skip(1));
    let doubles = pairs.filter(|(one, two)| one.0 == two.0 && one.2 != two.2);
    let mut doubles: Vec<[(G, R, M); 2]> = doubles.map(|(one, two)| [*one, *two]).collect();
    doubles.sort_by_key(|[one, two]| one.1 != two.1);
    doubles
}

/// Judges copies, which get these names in what is said of them.
pub(crate) fn judge<'a, G: Copy + Ord, R: Copy + Ord, M: Copy + Ord>(
    copies: impl Iterator<Item = (G, R, M)>,
    name: impl Fn((G, R, M)) -> (&'a str, &'a str, &'a str),
) -> Result<(), Breach> {
    let Some([one, two]) = find(copies).first().map(|double| double.map(&name)) else {
        return Ok(());
    };
    let (group, resource, on) = one;
    let also = two.2;
    ensure!(S1, resource != two.1, "{resource} runs on {on} and {also} at once");
    ensure!(S4, false, "group {group} runs on {on} and {also} at once");
    Ok(())
}
