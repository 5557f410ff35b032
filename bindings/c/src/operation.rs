//! GraphQL operations as C hands them over, in a struct that can grow. Core and API judge the document
//! and its variables.

use seekauth_core::Error;

use crate::headers;
use crate::pointer::{Headers, Text};
use crate::settings::timeout;

/// A GraphQL operation. Start from SEEKAUTH_GRAPHQL_INIT and set the fields you need. All it points to
/// is borrowed for the call that takes it, also if that call is asynchronous.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct Graphql<'a> {
    /// sizeof(seekauth_graphql), which is how the library knows the header you compiled with.
    pub struct_size: usize,
    /// Required. The document: a query or mutation.
    pub query: Text<'a>,
    /// Its variables, as the text of a JSON object; NULL for none.
    pub variables: Text<'a>,
    /// Which operation of the document to run; NULL if it holds only one.
    pub operation_name: Text<'a>,
    /// The first of `header_count` further headers, such as Accept-Language in place of the client's.
    pub headers: Headers<'a>,
    /// How many headers there are; 0 for none.
    pub header_count: usize,
    /// How long to wait for token and response together, in milliseconds; 0 means as long as the
    /// client's own `timeout_ms` says.
    pub timeout_ms: u64,
}

impl Graphql<'_> {
    /// The operation with everything that C lent copied. Fails if a pointer or text is not what the
    /// header says.
    pub(crate) fn owned(&self) -> Result<seekauth_core::Graphql, Error> {
        let mut operation = seekauth_core::Graphql::new(self.query.read_required("query")?);
        if let Some(variables) = self.variables.read("variables")? {
            operation = operation.variables(variables);
        }
        if let Some(name) = self.operation_name.read("operation_name")? {
            operation = operation.operation_name(name);
        }
        for (name, value) in headers::read("headers", self.headers, self.header_count)? {
            operation = operation.header(name, value);
        }
        if let Some(timeout) = timeout(self.timeout_ms)? {
            operation = operation.timeout(timeout);
        }
        Ok(operation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_padding_hides_a_field() {
        let fields = 5 * size_of::<Text>() + size_of::<usize>() + size_of::<u64>();
        assert_eq!(size_of::<Graphql>(), fields);
    }
}
