//! The version of the library.

use std::ffi::CStr;

use crate::pointer::Text;

/// The version of the library that is running, such as "1.2.3". Never fails; the text is static.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_version() -> Text<'static> {
    const VERSION: &[u8] = concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes();
    Text::as_c(CStr::from_bytes_with_nul(VERSION).ok())
}
