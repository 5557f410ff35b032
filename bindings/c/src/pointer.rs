//! The only file that knows pointers. Its types stand in the signatures of the entry points where C
//! sees a pointer; each checks for NULL, and what it lends lives no longer than the call. The rest
//! of the crate is safe Rust.
//!
//! Handles need no type of their own here: `Option<&T>`, `Option<&mut MaybeUninit<T>>` and
//! `Option<Box<T>>` are C pointers that may be NULL and are borrowed, written to, and owned.

use std::ffi::{CStr, c_char, c_void};
use std::marker::PhantomData;
use std::{ptr, slice};

use seekauth_core::{Error, ErrorKind};

use crate::options::Options;

/// Fails with the name of the argument if C passed NULL.
pub(crate) fn required<T>(name: &str, pointer: Option<T>) -> Result<T, Error> {
    pointer.ok_or_else(|| null(name))
}

fn null(name: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("{name} is NULL; it has to point to something"))
}

/// A `const char *`: NUL-terminated text that C lends for a call, or that an object of ours lends
/// for as long as it lives.
///
/// cbindgen:ignore
#[repr(transparent)]
#[derive(Debug, Clone, Copy)]
pub struct Text<'a>(*const c_char, PhantomData<&'a CStr>);

impl<'a> Text<'a> {
    /// Text of ours, or NULL, for C to read.
    pub(crate) fn lend(text: Option<&'a CStr>) -> Self {
        Self(text.map_or(ptr::null(), CStr::as_ptr), PhantomData)
    }

    /// What C passed, or `None` for NULL. Fails if it is not UTF-8.
    pub(crate) fn read(self, name: &str) -> Result<Option<&'a str>, Error> {
        if self.0.is_null() {
            return Ok(None);
        }
        // SAFETY: not NULL, so by the header's contract it is NUL-terminated and stays as it is
        // for the call, which is as long as 'a lasts for text that came from C.
        let text = unsafe { CStr::from_ptr(self.0) };
        match text.to_str() {
            Ok(text) => Ok(Some(text)),
            Err(_) => {
                Err(Error::new(ErrorKind::InvalidArgument, format!("{name} is not valid UTF-8")))
            }
        }
    }

    /// What C passed. Fails if it is NULL or not UTF-8.
    pub(crate) fn read_required(self, name: &str) -> Result<&'a str, Error> {
        required(name, self.read(name)?)
    }
}

/// A `char *` to memory of the caller's that is written during the call.
///
/// cbindgen:ignore
#[repr(transparent)]
#[derive(Debug)]
pub struct Buffer<'a>(*mut c_char, PhantomData<&'a mut [u8]>);

impl Buffer<'_> {
    /// Whether there is memory to write to. NULL is a question for the size only if the capacity
    /// is 0 too.
    pub(crate) fn is_present(&self, capacity: usize) -> Result<bool, Error> {
        match (self.0.is_null(), capacity) {
            (false, _) => Ok(true),
            (true, 0) => Ok(false),
            (true, _) => Err(null("buffer")),
        }
    }

    /// Copies `text` and a NUL, if both fit in `capacity` bytes; otherwise writes nothing.
    pub(crate) fn store(&self, capacity: usize, text: &str) -> bool {
        if self.0.is_null() || text.len() >= capacity {
            return false;
        }
        // SAFETY: by the header's contract a buffer that is not NULL has `capacity` writable bytes,
        // and the text and one more byte fit in them. It is the caller's own memory, so it cannot
        // overlap text of ours.
        unsafe {
            ptr::copy_nonoverlapping(text.as_ptr(), self.0.cast(), text.len());
            self.0.add(text.len()).write(0);
        }
        true
    }
}

/// The `void *` that a callback gets back. Never looked into.
///
/// cbindgen:ignore
#[repr(transparent)]
#[derive(Debug, Clone, Copy)]
pub struct UserData(*mut c_void);

// SAFETY: this crate only carries the pointer to the callback, and the header says that the callback
// runs on another thread, so what it points to has to be fit for that.
unsafe impl Send for UserData {}

/// A `const seekauth_options *`, which may point to a shorter or longer struct than the one this
/// library knows.
///
/// cbindgen:ignore
#[repr(transparent)]
#[derive(Debug)]
pub struct OptionsIn<'a>(*const Options<'a>);

impl<'a> OptionsIn<'a> {
    /// The options, with zero in every field that the caller's header did not have yet. Fails if
    /// the size cannot be one of ours, or if a field that this library does not have is in use.
    pub(crate) fn read(self) -> Result<Options<'a>, Error> {
        const KNOWN: usize = size_of::<Options<'static>>();
        // No release will come near this; a larger number is memory that nobody set.
        const ABSURD: usize = 4096;

        if self.0.is_null() {
            return Err(null("options"));
        }
        // SAFETY: not NULL, so by the header's contract it points to a struct that begins with its
        // size; `read_unaligned` asks for nothing more.
        let size = unsafe { self.0.cast::<usize>().read_unaligned() };
        if !(Options::FIRST_SIZE..=ABSURD).contains(&size) || size % align_of::<Options>() != 0 {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!(
                    "struct_size is {size}; it has to be sizeof(seekauth_options), \
                     which SEEKAUTH_OPTIONS_INIT stores"
                ),
            ));
        }
        let mut options = Options::default();
        // SAFETY: `size` bytes are readable by the header's contract, KNOWN bytes are writable, and
        // any bytes are a valid `Options`: integers and pointers not yet followed.
        unsafe {
            ptr::copy_nonoverlapping(
                self.0.cast::<u8>(),
                (&raw mut options).cast::<u8>(),
                size.min(KNOWN),
            );
        }
        if size > KNOWN {
            // SAFETY: as above, the bytes from KNOWN to `size` are readable.
            let tail =
                unsafe { slice::from_raw_parts(self.0.cast::<u8>().add(KNOWN), size - KNOWN) };
            if tail.iter().any(|byte| *byte != 0) {
                return Err(Error::new(
                    ErrorKind::InvalidArgument,
                    "options use a field that this library does not have: it is older than the \
                     seekauth.h the program was compiled with",
                ));
            }
        }
        Ok(options)
    }
}
