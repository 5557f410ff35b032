//! The descriptors 0 to 2. In a program that closed them, as daemons do, the next thing opened
//! would take their place, and what the program prints would go there.

#[cfg(unix)]
use std::fs::File;
#[cfg(unix)]
use std::os::fd::AsRawFd as _;

/// Runs `make`, which opens what is kept, with the descriptors 0 to 2 occupied meanwhile.
#[cfg(unix)]
pub(crate) fn above_standard_streams<T>(make: impl FnOnce() -> T) -> T {
    let mut occupied = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        if file.as_raw_fd() > 2 {
            break;
        }
        occupied.push(file);
    }
    make()
}

/// Runs `make`.
#[cfg(not(unix))]
pub(crate) fn above_standard_streams<T>(make: impl FnOnce() -> T) -> T {
    make()
}
