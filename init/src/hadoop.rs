//! What Hadoop is told: which settings make `s3://` S3A, and how `core-site.xml` carries them.

pub mod core_site;
pub mod s3a;
