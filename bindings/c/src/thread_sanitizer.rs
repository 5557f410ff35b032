//! What the library orders between threads, told to ThreadSanitizer where the program runs under it. It
//! sees what the program's code does and the calls of pthreads; the library waits and wakes by other means,
//! so that a correct program would be reported.

/// What a program's thread hands over to one of the library's, and back.
#[derive(Debug)]
pub(crate) struct Handover {
    /// Where there is the tool: it tells handovers apart by address, and the program's own are in use.
    address: Option<Box<u8>>,
}

impl Handover {
    pub(crate) fn new() -> Self {
        Self { address: tool::is_here().then(|| Box::new(0)) }
    }

    /// Whatever this thread has done so far is done before what a thread does after [`arrive`](Self::arrive).
    pub(crate) fn depart(&self) {
        if let Some(address) = &self.address {
            tool::release((&raw const **address).cast());
        }
    }

    /// The end of [`depart`](Self::depart).
    pub(crate) fn arrive(&self) {
        if let Some(address) = &self.address {
            tool::acquire((&raw const **address).cast());
        }
    }
}

static CALLS: u8 = 0;
static CALLBACKS: u8 = 0;

/// A call begins on this thread that may ask the program for credentials, or for a response.
pub(crate) fn call_begins() {
    tool::release((&raw const CALLS).cast());
}

/// The program is about to be asked on this thread, for a call that has begun.
pub(crate) fn program_is_asked() {
    tool::acquire((&raw const CALLS).cast());
}

/// A callback, or a function for credentials, returns on this thread.
pub(crate) fn callback_returns() {
    tool::release((&raw const CALLBACKS).cast());
}

/// This thread has waited for callbacks, or for what asked for credentials: what they did is done.
pub(crate) fn callbacks_have_returned() {
    tool::acquire((&raw const CALLBACKS).cast());
}

#[cfg(unix)]
mod tool {
    use std::ffi::{CStr, c_char, c_void};
    use std::ptr;
    use std::sync::atomic::{AtomicPtr, Ordering};

    /// One of the tool's functions: null until it was looked for, [`NONE`] where there is no such tool.
    type Function = AtomicPtr<c_void>;

    static RELEASE: Function = AtomicPtr::new(ptr::null_mut());
    static ACQUIRE: Function = AtomicPtr::new(ptr::null_mut());

    const NONE: *mut c_void = ptr::dangling_mut::<u8>().cast();
    /// `RTLD_DEFAULT`: wherever the program has it.
    const ANYWHERE: *mut c_void = ptr::without_provenance_mut(if cfg!(target_vendor = "apple") {
        (-2_isize).cast_unsigned()
    } else {
        0
    });

    unsafe extern "C" {
        fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
    }

    /// Whether the program runs under it.
    pub(super) fn is_here() -> bool {
        find(&RELEASE, c"__tsan_release") != NONE
    }

    /// What this thread has done so far is done before what follows an [`acquire`] of the same address.
    pub(super) fn release(address: *const c_void) {
        call(find(&RELEASE, c"__tsan_release"), address);
    }

    pub(super) fn acquire(address: *const c_void) {
        call(find(&ACQUIRE, c"__tsan_acquire"), address);
    }

    fn find(function: &Function, name: &CStr) -> *mut c_void {
        let known = function.load(Ordering::Relaxed);
        if !known.is_null() {
            return known;
        }
        // SAFETY: the name ends with a NUL, and the handle is the one that looks everywhere.
        let found = unsafe { dlsym(ANYWHERE, name.as_ptr()) };
        let found = if found.is_null() { NONE } else { found };
        function.store(found, Ordering::Relaxed);
        found
    }

    fn call(function: *mut c_void, address: *const c_void) {
        if function != NONE {
            // SAFETY: the tool's function of this name takes an address, which it does not look behind.
            let function = unsafe {
                std::mem::transmute::<*mut c_void, extern "C" fn(*const c_void)>(function)
            };
            function(address);
        }
    }
}

#[cfg(not(unix))]
mod tool {
    use std::ffi::c_void;

    pub(super) fn is_here() -> bool {
        false
    }

    pub(super) fn release(_address: *const c_void) {}

    pub(super) fn acquire(_address: *const c_void) {}
}
