//! HTTP headers as C hands them over: an array of names and values, for a request or an operation. The
//! core judges what a header may be.

use seekauth_core::Error;

use crate::pointer::{Headers, Text};

/// A header of a request. Both texts are borrowed for the call that takes it.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    /// Its name, such as "Content-Type".
    pub name: Text<'a>,
    /// Its value, on one line.
    pub value: Text<'a>,
}

/// The headers in the field or argument of this name, in their order.
pub(crate) fn read<'a>(
    name: &str,
    headers: Headers<'a>,
    count: usize,
) -> Result<Vec<(&'a str, &'a str)>, Error> {
    let mut pairs = Vec::new();
    for (index, header) in headers.read(name, count)?.iter().enumerate() {
        pairs.push((
            header.name.read_required(&format!("{name}[{index}].name"))?,
            header.value.read_required(&format!("{name}[{index}].value"))?,
        ));
    }
    Ok(pairs)
}
