//! A GraphQL request as the sandbox answers it: which operation, which fields of an object, with which arguments. The
//! language is read by a library; fragments and variables are resolved here. It knows no schema: whether a field exists
//! is decided where the answer is put together.

use std::collections::HashMap;
use std::convert::Infallible;

use async_graphql_parser::types::{
    DocumentOperations, ExecutableDocument, Field, FragmentDefinition, OperationDefinition,
    Selection, SelectionSet,
};
use async_graphql_parser::{Positioned, parse_query};
use async_graphql_value::{ConstValue, Name};
use serde_json::{Map, Value};

/// One operation with the fragments it may spread and the variables it may name.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) definition: OperationDefinition,
    fragments: HashMap<Name, Positioned<FragmentDefinition>>,
    variables: Map<String, Value>,
}

/// How deep fragments are followed, since one may spread itself.
const DEPTH: usize = 64;

/// Reads a document that holds one operation, or takes the one called `name`.
pub(crate) fn parse(
    text: &str,
    variables: &Map<String, Value>,
    name: Option<&str>,
) -> Result<Operation, String> {
    let ExecutableDocument { operations, fragments } =
        parse_query(text).map_err(|problem| problem.to_string())?;
    let definition = match (operations, name) {
        (DocumentOperations::Single(only), None) => Some(only),
        (DocumentOperations::Single(_), Some(_)) => None,
        (DocumentOperations::Multiple(mut named), Some(name)) => named.remove(name),
        (DocumentOperations::Multiple(named), None) if named.len() > 1 => None,
        (DocumentOperations::Multiple(named), None) => named.into_values().next(),
    };
    let definition = definition.ok_or("Must provide the name of an operation")?.node;
    Ok(Operation { definition, fragments, variables: variables.clone() })
}

impl Operation {
    /// The fields that a selection asks of an object of type `on`, fragments resolved.
    pub(crate) fn fields<'a>(&'a self, selected: &'a SelectionSet, on: &str) -> Vec<&'a Field> {
        let mut fields = Vec::new();
        self.collect(selected, on, DEPTH, &mut fields);
        fields
    }

    fn collect<'a>(
        &'a self,
        selected: &'a SelectionSet,
        on: &str,
        depth: usize,
        fields: &mut Vec<&'a Field>,
    ) {
        if depth == 0 {
            return;
        }
        for selection in &selected.items {
            let (condition, inner) = match &selection.node {
                Selection::Field(field) => {
                    fields.push(&field.node);
                    continue;
                }
                Selection::InlineFragment(inline) => {
                    (inline.node.type_condition.as_ref(), &inline.node.selection_set)
                }
                Selection::FragmentSpread(spread) => {
                    match self.fragments.get(&spread.node.fragment_name.node) {
                        Some(found) => {
                            (Some(&found.node.type_condition), &found.node.selection_set)
                        }
                        None => continue,
                    }
                }
            };
            if condition.is_none_or(|condition| condition.node.on.node == on) {
                self.collect(&inner.node, on, depth - 1, fields);
            }
        }
    }

    /// The value of a field's argument, variables and their defaults put in.
    pub(crate) fn argument(&self, field: &Field, name: &str) -> Option<Value> {
        let given = field.get_argument(name)?.node.clone();
        let known = |name: Name| Ok::<_, Infallible>(self.variable(&name));
        given.into_const_with(known).ok()?.into_json().ok()
    }

    fn variable(&self, name: &Name) -> ConstValue {
        let definitions = &self.definition.variable_definitions;
        let default = || {
            let definition = definitions.iter().find(|defined| defined.node.name.node == *name)?;
            definition.node.default_value().cloned()
        };
        let given = self.variables.get(name.as_str()).cloned();
        given
            .and_then(|value| ConstValue::from_json(value).ok())
            .or_else(default)
            .unwrap_or_default()
    }
}
