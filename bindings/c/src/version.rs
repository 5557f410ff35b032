//! The version of the library.

use std::ffi::CStr;

use crate::pointer::Text;

/// The version of the library that is running, such as "1.2.3". Never fails; the text is static.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_version() -> Text<'static> {
    const VERSION: &[u8] = concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes();
    Text::as_c(CStr::from_bytes_with_nul(VERSION).ok())
}

/// Whether the library that is running has all that the header of this version declares: whether it is
/// that version or a later one. SEEKAUTH_VERSION_FITS() asks it for the header that the program is
/// compiled with.
#[unsafe(no_mangle)]
pub extern "C" fn seekauth_version_fits(major: u32, minor: u32, patch: u32) -> bool {
    fits(env!("CARGO_PKG_VERSION"), [major, minor, patch])
}

/// Whether the version is the wanted one or a later one.
fn fits(version: &str, wanted: [u32; 3]) -> bool {
    let numbers = version.split(['.', '-', '+']).take(3).map(|part| part.parse().unwrap_or(0));
    numbers.ge(wanted)
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_library_fits_the_headers_up_to_its_own() {
        for wanted in [[1, 2, 3], [1, 2, 2], [1, 1, 9], [0, 9, 9], [0, 0, 0]] {
            assert!(fits("1.2.3", wanted), "{wanted:?}");
        }
        for wanted in [[1, 2, 4], [1, 3, 0], [2, 0, 0], [u32::MAX; 3]] {
            assert!(!fits("1.2.3", wanted), "{wanted:?}");
        }
        assert!(fits("1.10.0-rc.1", [1, 9, 0]));
    }
}
