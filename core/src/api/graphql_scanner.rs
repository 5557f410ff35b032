//! Reads the body of a GraphQL response chunk by chunk for the code of a rejected token. It keeps a
//! few bytes of state and the beginning of one error, whatever the body holds, and judges nothing but the
//! way to that code: numbers without bounds, lone surrogates, foreign encodings and any depth are passed
//! over.

use std::fmt;

/// What the bytes so far have shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finding {
    /// More has to be read.
    Open,
    /// An entry of `errors` has the code of a rejected token.
    Rejected,
    /// A GraphQL response that rejects nothing. `has_data` when it has data and no errors.
    Accepted { has_data: bool },
    /// Something else than a GraphQL response.
    NotGraphql,
}

/// Where in a response the scanner is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Start,
    /// An array of responses, as some servers give to a batch; the number of arrays in one another.
    Batch(u32),
    Response,
    Errors,
    Entry,
    Extensions,
}

/// What comes next at the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Value,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
}

/// What the scanner is inside of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    None,
    /// A key, or a string in the place of a value.
    Text,
    /// A number, `true`, `false` or `null`.
    Scalar,
    /// Objects and arrays that are passed over, so many in one another.
    Skipped(u64),
    /// A string in these.
    SkippedText(u64),
}

/// A key on the way to the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Errors,
    Data,
    Extensions,
    Code,
    Other,
}

/// The code of a rejected token.
pub(super) const CODE: &str = "UNAUTHENTICATED";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[derive(Debug)]
pub(super) struct Scanner {
    level: Level,
    expected: Expected,
    token: Token,
    text: Text,
    key: Key,
    /// How many arrays stand around the response; 0 for a single one.
    batch: u32,
    has_errors: bool,
    has_data: bool,
    /// Whether a response of the batch was one.
    batch_is_graphql: bool,
    marks: usize,
    entry: Entry,
}

impl Scanner {
    pub(super) fn new() -> Self {
        Self {
            level: Level::Start,
            expected: Expected::Value,
            token: Token::None,
            text: Text::new(),
            key: Key::Other,
            batch: 0,
            has_errors: false,
            has_data: false,
            batch_is_graphql: false,
            marks: 0,
            entry: Entry(Vec::new()),
        }
    }

    /// Reads the next bytes. What follows a finding is not read.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Finding {
        let mut at = 0;
        // Where in these bytes the error is that is being read.
        let is_in_entry = matches!(self.level, Level::Entry | Level::Extensions);
        let mut entry_from = is_in_entry.then_some(0);
        while at < bytes.len() {
            if let Token::SkippedText(_) = self.token
                && !self.text.is_escaping()
            {
                // Most of a large body is text that nobody looks at.
                let end = bytes[at..].iter().position(|byte| matches!(byte, b'"' | b'\\'));
                let Some(end) = end else { break };
                at += end;
            }
            let before = self.level;
            let finding = self.byte(bytes[at]);
            match (before, self.level) {
                (Level::Errors, Level::Entry) => entry_from = Some(at),
                (Level::Entry, Level::Errors) => {
                    entry_from = None;
                    self.entry.0.clear();
                }
                _ => {}
            }
            if finding != Finding::Open {
                if finding == Finding::Rejected {
                    self.entry.keep(&bytes[entry_from.unwrap_or(at)..]);
                }
                return finding;
            }
            at += 1;
        }
        if let Some(from) = entry_from {
            self.entry.keep(&bytes[from..]);
        }
        Finding::Open
    }

    /// After a rejection: the error with the code from its beginning on, and what came with it.
    pub(super) fn entry(&self) -> &[u8] {
        &self.entry.0
    }

    fn byte(&mut self, byte: u8) -> Finding {
        match self.token {
            Token::None => self.structure(byte),
            Token::Text => {
                if self.text.push(byte) {
                    self.token = Token::None;
                    return self.end_of_text();
                }
                Finding::Open
            }
            Token::Scalar => {
                if matches!(byte, b',' | b']' | b'}') || is_space(byte) {
                    self.token = Token::None;
                    match self.end_of_value() {
                        Finding::Open => self.structure(byte),
                        finding => finding,
                    }
                } else {
                    Finding::Open
                }
            }
            Token::Skipped(depth) => {
                match byte {
                    b'"' => {
                        self.text = Text::new();
                        self.token = Token::SkippedText(depth);
                    }
                    b'{' | b'[' => self.token = Token::Skipped(depth + 1),
                    b'}' | b']' if depth > 1 => self.token = Token::Skipped(depth - 1),
                    b'}' | b']' => {
                        self.token = Token::None;
                        return self.end_of_value();
                    }
                    _ => {}
                }
                Finding::Open
            }
            Token::SkippedText(depth) => {
                if self.text.push(byte) {
                    self.token = Token::Skipped(depth);
                }
                Finding::Open
            }
        }
    }

    /// A byte between two tokens.
    fn structure(&mut self, byte: u8) -> Finding {
        if is_space(byte) {
            return Finding::Open;
        }
        if self.level == Level::Start && BYTE_ORDER_MARK.get(self.marks) == Some(&byte) {
            self.marks += 1;
            return Finding::Open;
        }
        match (self.expected, byte) {
            (Expected::Value, b']') if matches!(self.level, Level::Batch(_) | Level::Errors) => {
                self.end_of_level()
            }
            (Expected::Value, _) => self.value(byte),
            (Expected::KeyOrEnd, b'"') => self.begin_text(),
            (Expected::KeyOrEnd | Expected::CommaOrEnd, b'}' | b']') => self.end_of_level(),
            (Expected::Colon, b':') => self.expect(Expected::Value),
            (Expected::CommaOrEnd, b',') => self.expect(match self.level {
                Level::Batch(_) | Level::Errors | Level::Start => Expected::Value,
                Level::Response | Level::Entry | Level::Extensions => Expected::KeyOrEnd,
            }),
            _ => Finding::NotGraphql,
        }
    }

    /// The first byte of a value.
    fn value(&mut self, byte: u8) -> Finding {
        let in_errors = self.level == Level::Response && self.key == Key::Errors;
        let in_extensions = self.level == Level::Entry && self.key == Key::Extensions;
        match (self.level, byte) {
            (Level::Start | Level::Batch(_), b'{') => {
                (self.has_errors, self.has_data) = (false, false);
                self.enter(Level::Response, Expected::KeyOrEnd)
            }
            (Level::Start, b'[') => self.enter(Level::Batch(1), Expected::Value),
            (Level::Batch(depth), b'[') => self.enter(Level::Batch(depth + 1), Expected::Value),
            (Level::Start, _) | (_, b',' | b':' | b']' | b'}') => Finding::NotGraphql,
            (Level::Response, b'[') if in_errors => self.enter(Level::Errors, Expected::Value),
            (Level::Errors, b'{') => self.enter(Level::Entry, Expected::KeyOrEnd),
            (Level::Entry, b'{') if in_extensions => {
                self.enter(Level::Extensions, Expected::KeyOrEnd)
            }
            (_, b'"') => {
                self.has_data |= self.level == Level::Response && self.key == Key::Data;
                self.begin_text()
            }
            (_, b'{' | b'[') => {
                self.has_data |= self.level == Level::Response && self.key == Key::Data;
                self.token = Token::Skipped(1);
                Finding::Open
            }
            _ => {
                self.has_data |=
                    self.level == Level::Response && self.key == Key::Data && byte != b'n';
                self.token = Token::Scalar;
                Finding::Open
            }
        }
    }

    fn end_of_text(&mut self) -> Finding {
        if self.expected == Expected::KeyOrEnd {
            self.key = match self.text.as_bytes() {
                b"errors" => Key::Errors,
                b"data" => Key::Data,
                b"extensions" => Key::Extensions,
                b"code" => Key::Code,
                _ => Key::Other,
            };
            return self.expect(Expected::Colon);
        }
        if self.level == Level::Extensions
            && self.key == Key::Code
            && self.text.as_bytes() == CODE.as_bytes()
        {
            return Finding::Rejected;
        }
        self.end_of_value()
    }

    /// A value at this level has ended.
    fn end_of_value(&mut self) -> Finding {
        self.expected = Expected::CommaOrEnd;
        if self.level == Level::Response {
            match self.key {
                Key::Errors => return self.end_of_errors(),
                Key::Data => self.batch_is_graphql = true,
                _ => {}
            }
        }
        Finding::Open
    }

    /// Nothing after the errors of a single response can reject.
    fn end_of_errors(&mut self) -> Finding {
        self.has_errors = true;
        self.batch_is_graphql = true;
        if self.batch == 0 { Finding::Accepted { has_data: false } } else { Finding::Open }
    }

    fn end_of_level(&mut self) -> Finding {
        self.expected = Expected::CommaOrEnd;
        match self.level {
            Level::Batch(1) => {
                if self.batch_is_graphql {
                    Finding::Accepted { has_data: false }
                } else {
                    Finding::NotGraphql
                }
            }
            Level::Batch(depth) => {
                self.batch = depth - 1;
                self.level = Level::Batch(self.batch);
                Finding::Open
            }
            Level::Response if self.batch > 0 => {
                self.level = Level::Batch(self.batch);
                Finding::Open
            }
            Level::Response if self.batch_is_graphql => {
                Finding::Accepted { has_data: self.has_data && !self.has_errors }
            }
            Level::Start | Level::Response => Finding::NotGraphql,
            Level::Errors => {
                self.level = Level::Response;
                self.end_of_errors()
            }
            Level::Entry => {
                self.level = Level::Errors;
                Finding::Open
            }
            Level::Extensions => {
                self.level = Level::Entry;
                Finding::Open
            }
        }
    }

    fn enter(&mut self, level: Level, expected: Expected) -> Finding {
        if let Level::Batch(depth) = level {
            self.batch = depth;
        }
        self.level = level;
        self.expect(expected)
    }

    fn expect(&mut self, expected: Expected) -> Finding {
        self.expected = expected;
        Finding::Open
    }

    fn begin_text(&mut self) -> Finding {
        self.text = Text::new();
        self.token = Token::Text;
        Finding::Open
    }
}

/// The beginning of an error, which nobody is shown.
struct Entry(Vec<u8>);

impl Entry {
    /// Long enough for a message and a path.
    const LIMIT: usize = 4096;

    fn keep(&mut self, bytes: &[u8]) {
        let room = Self::LIMIT - self.0.len();
        self.0.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entry(..)")
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// The beginning of a string, long enough to tell the texts that matter from all others.
#[derive(Debug)]
struct Text {
    bytes: [u8; 16],
    length: usize,
    escape: Escape,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escape {
    None,
    Begun,
    /// So many digits of `\uXXXX` have been read, and the number they make.
    Unicode(u8, u32),
}

impl Text {
    fn new() -> Self {
        Self { bytes: [0; 16], length: 0, escape: Escape::None }
    }

    fn is_escaping(&self) -> bool {
        self.escape != Escape::None
    }

    /// The text, or nothing that equals it when it is longer than any that matters.
    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Takes the next byte. Says whether it ended the text.
    fn push(&mut self, byte: u8) -> bool {
        match self.escape {
            Escape::None => match byte {
                b'"' => return true,
                b'\\' => self.escape = Escape::Begun,
                _ => self.keep(byte),
            },
            Escape::Begun if byte == b'u' => self.escape = Escape::Unicode(0, 0),
            Escape::Begun => {
                // No text that matters has one of the other escapes.
                self.keep(if matches!(byte, b'"' | b'\\' | b'/') { byte } else { 0 });
                self.escape = Escape::None;
            }
            Escape::Unicode(count, number) => {
                let digit = char::from(byte).to_digit(16).unwrap_or(0);
                let number = number * 16 + digit;
                if count == 3 {
                    self.keep(u8::try_from(number).ok().filter(u8::is_ascii).unwrap_or(0));
                    self.escape = Escape::None;
                } else {
                    self.escape = Escape::Unicode(count + 1, number);
                }
            }
        }
        false
    }

    fn keep(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
        }
        // Longer than there is room, so that it equals nothing.
        self.length = (self.length + 1).min(self.bytes.len() + 1);
    }
}
