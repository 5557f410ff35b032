//! The only file that knows pointers. Its types stand in the signatures of the entry points where C
//! sees a pointer; each checks for NULL, and what it lends lives no longer than the call. The rest
//! of the crate is safe Rust.
//!
//! Handles need no type of their own here: `Option<&T>`, `Option<&mut MaybeUninit<T>>` and
//! `Option<Box<T>>` are C pointers that may be NULL and are borrowed, written to, and owned.

use std::ffi::{CStr, c_char, c_void};
use std::marker::PhantomData;
use std::mem::offset_of;
use std::{ptr, slice};

use seekauth_core::{Error, ErrorKind};

use crate::fake::FakeOptions;
use crate::headers::Header;
use crate::operation::Graphql;
use crate::request::HttpRequest;
use crate::responder::FakeResponse;
use crate::settings::Options;

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
#[derive(Debug, Clone, Copy, Default)]
pub struct Text<'a>(*const c_char, PhantomData<&'a CStr>);

impl<'a> Text<'a> {
    /// Text of ours, or NULL, for C to read.
    pub(crate) fn as_c(text: Option<&'a CStr>) -> Self {
        Self(text.map_or(ptr::null(), CStr::as_ptr), PhantomData)
    }

    /// Bytes of ours for C to read, of which the last has to be a NUL and others may be.
    pub(crate) fn as_c_bytes(bytes: &'a [u8]) -> Self {
        if bytes.ends_with(&[0]) {
            Self(bytes.as_ptr().cast(), PhantomData)
        } else {
            Self::as_c(None)
        }
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
#[derive(Debug, Clone, Copy, Default)]
pub struct UserData(*mut c_void);

// SAFETY: this crate only carries the pointer to the callback, and the header says that the callback
// runs on another thread, so what it points to has to be fit for that.
unsafe impl Send for UserData {}
// SAFETY: as above; nothing here looks at what it points to.
unsafe impl Sync for UserData {}

/// A `const void *` to bytes that C lends for a call.
///
/// cbindgen:ignore
#[repr(transparent)]
#[derive(Debug, Clone, Copy, Default)]
pub struct Bytes<'a>(*const c_void, PhantomData<&'a [u8]>);

impl<'a> Bytes<'a> {
    /// What C passed. NULL is right only for no bytes.
    pub(crate) fn read(self, name: &str, length: usize) -> Result<&'a [u8], Error> {
        read_array(name, self.0.cast(), length)
    }
}

/// A `const seekauth_header *` to the first of several.
///
/// cbindgen:ignore
#[repr(transparent)]
#[derive(Debug, Clone, Copy, Default)]
pub struct Headers<'a>(*const Header<'a>);

impl<'a> Headers<'a> {
    /// What C passed. NULL is right only for no headers.
    pub(crate) fn read(self, name: &str, count: usize) -> Result<&'a [Header<'a>], Error> {
        read_array(name, self.0, count)
    }
}

/// A `const seekauth_fake_response *` to the first of several.
///
/// cbindgen:ignore
#[repr(transparent)]
#[derive(Debug, Clone, Copy)]
pub struct FakeResponses<'a>(*const FakeResponse<'a>);

impl<'a> FakeResponses<'a> {
    /// What C passed. NULL is right only for no responses.
    pub(crate) fn read(self, name: &str, count: usize) -> Result<&'a [FakeResponse<'a>], Error> {
        read_array(name, self.0, count)
    }
}

fn read_array<'a, T>(name: &str, first: *const T, count: usize) -> Result<&'a [T], Error> {
    if count == 0 {
        return Ok(&[]);
    }
    if first.is_null() {
        return Err(null(name));
    }
    if count > isize::MAX.unsigned_abs() / size_of::<T>() {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("{name} cannot be {count} long; no memory is"),
        ));
    }
    // SAFETY: not NULL and not longer than memory can be, so by the header's contract it points to
    // `count` elements, which stay as they are for the call, as long as 'a lasts. Any bytes are a
    // valid element: bytes, or structs of integers and of pointers not yet followed.
    Ok(unsafe { slice::from_raw_parts(first, count) })
}

/// A `const seekauth_options *`, which may point to a shorter or longer struct than the one this
/// library knows.
///
/// cbindgen:ignore
#[repr(transparent)]
#[derive(Debug)]
pub struct OptionsPtr<'a>(*const Options<'a>);

impl<'a> OptionsPtr<'a> {
    /// The options, with zero in every field that the caller's header did not have yet.
    pub(crate) fn read(self) -> Result<Options<'a>, Error> {
        // SAFETY: by the header's contract it is NULL or points to a struct that begins with its size.
        unsafe { read_struct("options", self.0) }
    }
}

/// A `const seekauth_http_request *`; see [`OptionsPtr`].
///
/// cbindgen:ignore
#[repr(transparent)]
#[derive(Debug)]
pub struct HttpRequestPtr<'a>(*const HttpRequest<'a>);

impl<'a> HttpRequestPtr<'a> {
    /// The request, with zero in every field that the caller's header did not have yet.
    pub(crate) fn read(self) -> Result<HttpRequest<'a>, Error> {
        // SAFETY: by the header's contract it is NULL or points to a struct that begins with its size.
        unsafe { read_struct("request", self.0) }
    }
}

/// A `const seekauth_graphql *`; see [`OptionsPtr`].
///
/// cbindgen:ignore
#[repr(transparent)]
#[derive(Debug)]
pub struct GraphqlPtr<'a>(*const Graphql<'a>);

impl<'a> GraphqlPtr<'a> {
    /// The operation, with zero in every field that the caller's header did not have yet.
    pub(crate) fn read(self) -> Result<Graphql<'a>, Error> {
        // SAFETY: by the header's contract it is NULL or points to a struct that begins with its size.
        unsafe { read_struct("operation", self.0) }
    }
}

/// A `const seekauth_fake_options *`; see [`OptionsPtr`].
///
/// cbindgen:ignore
#[repr(transparent)]
#[derive(Debug)]
pub struct FakeOptionsPtr<'a>(*const FakeOptions<'a>);

impl<'a> FakeOptionsPtr<'a> {
    /// The options, with zero in every field that the caller's header did not have yet.
    pub(crate) fn read(self) -> Result<FakeOptions<'a>, Error> {
        // SAFETY: by the header's contract it is NULL or points to a struct that begins with its size.
        unsafe { read_struct("options", self.0) }
    }
}

/// A struct of the header that begins with its size and may grow at its end. Its fields are sizes,
/// integers, the pointers of this file and functions that may be NULL, for which any bytes are valid.
trait SizedStruct: Default {
    const NAME: &'static str;
    /// The macro that sets the size.
    const INIT: &'static str;
    /// The size of the struct in the first header that had it; none ever made a shorter one.
    const FIRST_SIZE: usize;
}

impl SizedStruct for Options<'_> {
    const NAME: &'static str = "seekauth_options";
    const INIT: &'static str = "SEEKAUTH_OPTIONS_INIT";
    const FIRST_SIZE: usize = offset_of!(Self, ca_file) + size_of::<Text>();
}

impl SizedStruct for HttpRequest<'_> {
    const NAME: &'static str = "seekauth_http_request";
    const INIT: &'static str = "SEEKAUTH_HTTP_REQUEST_INIT";
    const FIRST_SIZE: usize = offset_of!(Self, timeout_ms) + size_of::<u64>();
}

impl SizedStruct for Graphql<'_> {
    const NAME: &'static str = "seekauth_graphql";
    const INIT: &'static str = "SEEKAUTH_GRAPHQL_INIT";
    const FIRST_SIZE: usize = offset_of!(Self, timeout_ms) + size_of::<u64>();
}

impl SizedStruct for FakeOptions<'_> {
    const NAME: &'static str = "seekauth_fake_options";
    const INIT: &'static str = "SEEKAUTH_FAKE_OPTIONS_INIT";
    const FIRST_SIZE: usize = offset_of!(Self, api_url) + size_of::<Text>();
}

/// The struct, with zero in every field that the caller's header did not have yet. Fails if the size
/// cannot be one of ours, or if a field that this library does not have is in use.
///
/// # Safety
///
/// `pointer` is NULL or points to as many readable bytes as its first field, the size, says.
unsafe fn read_struct<T: SizedStruct>(argument: &str, pointer: *const T) -> Result<T, Error> {
    // No release will come near this; a larger number is memory that nobody set.
    const MAX_SIZE: usize = 4096;

    if pointer.is_null() {
        return Err(null(argument));
    }
    let known = size_of::<T>();
    // SAFETY: not NULL, so it points to a size at least; `read_unaligned` asks for nothing more.
    let size = unsafe { pointer.cast::<usize>().read_unaligned() };
    if !(T::FIRST_SIZE..=MAX_SIZE).contains(&size) || size % align_of::<T>() != 0 {
        let (name, init) = (T::NAME, T::INIT);
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("struct_size is {size}; it has to be sizeof({name}), which {init} stores"),
        ));
    }
    let mut read = T::default();
    // SAFETY: `size` bytes are readable, `known` bytes are writable, and any bytes are a valid `T`.
    unsafe {
        ptr::copy_nonoverlapping(
            pointer.cast::<u8>(),
            (&raw mut read).cast::<u8>(),
            size.min(known),
        );
    }
    if size > known {
        // SAFETY: the bytes from `known` to `size` are readable.
        let tail = unsafe { slice::from_raw_parts(pointer.cast::<u8>().add(known), size - known) };
        if tail.iter().any(|byte| *byte != 0) {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!(
                    "{argument} uses a field that this library does not have: it is older than \
                     the seekauth.h the program was compiled with"
                ),
            ));
        }
    }
    Ok(read)
}
