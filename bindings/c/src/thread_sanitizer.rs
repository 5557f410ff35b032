//! What the library orders between threads, told to ThreadSanitizer where the program runs under it. It
//! sees what the program's code does and the calls of pthreads; the library waits and wakes by other means,
//! so that a correct program would be reported.

use std::ffi::c_void;

/// Marks what this thread has done so far as done before whatever a thread does after [`acquire`] of the
/// same address.
pub(crate) fn release(address: *const c_void) {
    tool::call(&tool::RELEASE, c"__tsan_release", address);
}

/// Marks what other threads did before [`release`] of the same address as done before whatever follows.
pub(crate) fn acquire(address: *const c_void) {
    tool::call(&tool::ACQUIRE, c"__tsan_acquire", address);
}

/// The address for callbacks that have returned: whoever has waited for some has waited for what they did.
pub(crate) fn returned() -> *const c_void {
    static RETURNED: u8 = 0;
    (&raw const RETURNED).cast()
}

#[cfg(unix)]
mod tool {
    use std::ffi::{CStr, c_char, c_void};
    use std::ptr;
    use std::sync::atomic::{AtomicPtr, Ordering};

    /// One of the tool's functions: null until it was looked for, [`NONE`] where there is no such tool.
    pub(super) type Function = AtomicPtr<c_void>;

    pub(super) static RELEASE: Function = AtomicPtr::new(ptr::null_mut());
    pub(super) static ACQUIRE: Function = AtomicPtr::new(ptr::null_mut());

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

    pub(super) fn call(function: &Function, name: &CStr, address: *const c_void) {
        let mut found = function.load(Ordering::Relaxed);
        if found.is_null() {
            // SAFETY: the name ends with a NUL, and the handle is the one that looks everywhere.
            found = unsafe { dlsym(ANYWHERE, name.as_ptr()) };
            found = if found.is_null() { NONE } else { found };
            function.store(found, Ordering::Relaxed);
        }
        if found != NONE {
            // SAFETY: the tool's function of this name takes an address, which it does not look behind.
            let found =
                unsafe { std::mem::transmute::<*mut c_void, extern "C" fn(*const c_void)>(found) };
            found(address);
        }
    }
}

#[cfg(not(unix))]
mod tool {
    use std::ffi::{CStr, c_void};

    pub(super) static RELEASE: () = ();
    pub(super) static ACQUIRE: () = ();

    pub(super) fn call((): &(), _name: &CStr, _address: *const c_void) {}
}
