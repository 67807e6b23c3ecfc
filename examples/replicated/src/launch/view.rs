//! The cluster in a terminal.

use super::Farm;
use crate::Failure;

pub async fn show(farm: &mut Farm) -> Result<(), Failure> {
    super::lines::show(farm).await
}
