//! Reads the part of GraphQL that clients' requests are made of: operations, fields, aliases, arguments, variables and
//! fragments. It knows no schema; whether a field exists is decided where the answer is put together.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// What an operation may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Query,
    Mutation,
}

/// One operation and the fragments it may spread.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) kind: Kind,
    pub(crate) selections: Vec<Selection>,
    pub(crate) fragments: HashMap<String, Fragment>,
}

/// A named fragment.
#[derive(Debug)]
pub(crate) struct Fragment {
    on: String,
    selections: Vec<Selection>,
}

#[derive(Debug)]
pub(crate) enum Selection {
    Field(Field),
    Inline { on: Option<String>, selections: Vec<Selection> },
    Spread(String),
}

/// A field that was asked for.
#[derive(Debug)]
pub(crate) struct Field {
    /// Its key in the answer: the alias or the name.
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) arguments: Map<String, Value>,
    pub(crate) selections: Vec<Selection>,
}

/// Fields deeper than this are refused, so that no request can exhaust the stack.
const DEPTH: usize = 64;

/// Reads a document that holds one operation, or takes the one called `name`.
pub(crate) fn parse(
    text: &str,
    variables: &Map<String, Value>,
    name: Option<&str>,
) -> Result<Operation, String> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, variables, depth: 0 };
    let mut operations = Vec::new();
    let mut fragments = HashMap::new();
    while let Some(token) = parser.peek() {
        if token == "fragment" {
            parser.at += 1;
            let name = parser.name()?;
            parser.expect("on")?;
            let on = parser.name()?;
            parser.directives()?;
            let selections = parser.selections()?;
            fragments.insert(name, Fragment { on, selections });
        } else {
            operations.push(parser.operation()?);
        }
    }
    let wanted = |(given, ..): &(Option<String>, Kind, Vec<Selection>)| {
        name.is_none_or(|name| given.as_deref() == Some(name))
    };
    if name.is_none() && operations.len() > 1 {
        return Err("Must provide operation name".to_owned());
    }
    let (_, kind, selections) =
        operations.into_iter().find(wanted).ok_or("Must provide an operation")?;
    Ok(Operation { kind, selections, fragments })
}

impl Operation {
    /// The fields that `selections` ask of an object of type `on`, fragments resolved.
    pub(crate) fn fields<'a>(&'a self, selections: &'a [Selection], on: &str) -> Vec<&'a Field> {
        let mut fields = Vec::new();
        self.collect(selections, on, DEPTH, &mut fields);
        fields
    }

    fn collect<'a>(
        &'a self,
        selections: &'a [Selection],
        on: &str,
        depth: usize,
        fields: &mut Vec<&'a Field>,
    ) {
        // A fragment that spreads itself ends here.
        if depth == 0 {
            return;
        }
        for selection in selections {
            match selection {
                Selection::Field(field) => fields.push(field),
                Selection::Inline { on: wanted, selections } => {
                    if wanted.as_deref().is_none_or(|wanted| wanted == on) {
                        self.collect(selections, on, depth - 1, fields);
                    }
                }
                Selection::Spread(name) => {
                    if let Some(fragment) = self.fragments.get(name)
                        && fragment.on == on
                    {
                        self.collect(&fragment.selections, on, depth - 1, fields);
                    }
                }
            }
        }
    }
}

struct Parser<'a> {
    tokens: Vec<String>,
    at: usize,
    variables: &'a Map<String, Value>,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).map(String::as_str)
    }

    fn next(&mut self) -> Result<String, String> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token.ok_or_else(|| "Syntax Error: unexpected end".to_owned())
    }

    fn accept(&mut self, token: &str) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        let found = self.next()?;
        if found == token {
            Ok(())
        } else {
            Err(format!("Syntax Error: expected {token}, found {found}"))
        }
    }

    fn name(&mut self) -> Result<String, String> {
        let token = self.next()?;
        if token.starts_with(is_name) {
            Ok(token)
        } else {
            Err(format!("Syntax Error: expected a name, found {token}"))
        }
    }

    fn operation(&mut self) -> Result<(Option<String>, Kind, Vec<Selection>), String> {
        if self.peek() == Some("{") {
            return Ok((None, Kind::Query, self.selections()?));
        }
        let kind = match self.next()?.as_str() {
            "query" => Kind::Query,
            "mutation" => Kind::Mutation,
            other => return Err(format!("Syntax Error: unexpected {other}")),
        };
        let name = match self.peek() {
            Some("{" | "(" | "@") => None,
            _ => Some(self.name()?),
        };
        // Types of variables are not checked.
        if self.accept("(") {
            while self.next()? != ")" {}
        }
        self.directives()?;
        Ok((name, kind, self.selections()?))
    }

    fn selections(&mut self) -> Result<Vec<Selection>, String> {
        self.deeper(|parser| {
            parser.expect("{")?;
            let mut selections = Vec::new();
            while !parser.accept("}") {
                let selection = parser.selection()?;
                selections.push(selection);
            }
            Ok(selections)
        })
    }

    fn selection(&mut self) -> Result<Selection, String> {
        if self.accept("...") {
            let on = match self.peek() {
                Some("{" | "@") => None,
                Some("on") => {
                    self.at += 1;
                    Some(self.name()?)
                }
                _ => {
                    let name = self.name()?;
                    self.directives()?;
                    return Ok(Selection::Spread(name));
                }
            };
            self.directives()?;
            let selections = self.selections()?;
            return Ok(Selection::Inline { on, selections });
        }
        let key = self.name()?;
        let name = if self.accept(":") { self.name()? } else { key.clone() };
        let mut arguments = Map::new();
        if self.accept("(") {
            while !self.accept(")") {
                let (name, value) = self.pair()?;
                arguments.insert(name, value);
            }
        }
        self.directives()?;
        let selections = match self.peek() {
            Some("{") => self.selections()?,
            _ => Vec::new(),
        };
        Ok(Selection::Field(Field { key, name, arguments, selections }))
    }

    /// Reads over directives; none of them has an effect.
    fn directives(&mut self) -> Result<(), String> {
        while self.accept("@") {
            self.name()?;
            if self.accept("(") {
                while !self.accept(")") {
                    self.pair()?;
                }
            }
        }
        Ok(())
    }

    fn pair(&mut self) -> Result<(String, Value), String> {
        let name = self.name()?;
        self.expect(":")?;
        Ok((name, self.value()?))
    }

    fn value(&mut self) -> Result<Value, String> {
        self.deeper(|parser| {
            let token = parser.next()?;
            match token.as_str() {
                "$" => {
                    let name = parser.name()?;
                    Ok(parser.variables.get(&name).cloned().unwrap_or(Value::Null))
                }
                "[" => {
                    let mut items = Vec::new();
                    while !parser.accept("]") {
                        items.push(parser.value()?);
                    }
                    Ok(Value::Array(items))
                }
                "{" => {
                    let mut members = Map::new();
                    while !parser.accept("}") {
                        let (name, value) = parser.pair()?;
                        members.insert(name, value);
                    }
                    Ok(Value::Object(members))
                }
                // JSON reads strings, numbers, true, false and null the same way; any other name is an enum's.
                _ => serde_json::from_str(&token).or_else(|_| {
                    parser.at -= 1;
                    parser.name().map(Value::String)
                }),
            }
        })
    }

    fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, String>,
    ) -> Result<T, String> {
        if self.depth == DEPTH {
            return Err("Syntax Error: nested too deeply".to_owned());
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }
}

fn is_name(character: char) -> bool {
    character.is_ascii_alphabetic() || character == '_'
}

/// Splits a document; a string keeps its quotes.
fn tokens(text: &str) -> Result<Vec<String>, String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            ' ' | '\t' | '\r' | '\n' | ',' | '\u{feff}' => {
                rest = &rest[first.len_utf8()..];
                continue;
            }
            '#' => {
                rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
                continue;
            }
            '"' => string_length(rest)?,
            '.' if rest.starts_with("...") => 3,
            '{' | '}' | '(' | ')' | '[' | ']' | ':' | '$' | '@' | '!' | '=' | '|' | '&' => 1,
            _ if is_name(first) => {
                rest.find(|next| !is_name(next) && !next.is_ascii_digit()).unwrap_or(rest.len())
            }
            '-' | '0'..='9' => rest
                .find(|next: char| !next.is_ascii_alphanumeric() && !"+-.".contains(next))
                .unwrap_or(rest.len()),
            other => return Err(format!("Syntax Error: unexpected character {other}")),
        };
        tokens.push(rest[..length].to_owned());
        rest = &rest[length..];
    }
    Ok(tokens)
}

/// The length of the string that `text` begins with, quotes included.
fn string_length(text: &str) -> Result<usize, String> {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            '"' if !escaped => return Ok(at + 1),
            _ => escaped = character == '\\' && !escaped,
        }
    }
    Err("Syntax Error: unterminated string".to_owned())
}
