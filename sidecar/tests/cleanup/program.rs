//! The real program, as a pod of the world runs it.

use crate::cluster::Cluster;
use crate::world::World;

/// Serves the world until the test ends.
pub async fn cluster_of(world: &World) -> Cluster {
    let world = world.clone();
    Cluster::serving(crate::NAMESPACE, move |stream| {
        let world = world.clone();
        async move { world.serve(stream).await }
    })
    .await
}
