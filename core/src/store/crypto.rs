//! The cryptography of the library that TLS uses too: ring, or aws-lc-rs, whose interface is ring's.

#[cfg(not(feature = "ring"))]
pub(crate) use aws_lc_rs::{aead, digest, hkdf, hmac};
#[cfg(feature = "ring")]
pub(crate) use ring::{aead, digest, hkdf, hmac};
