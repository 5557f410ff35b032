//! Counts what HTTP/2 hands to nobody: interim responses are kept until their request is done, so a
//! server that sends them without end would fill the memory.

use std::io;

use crate::http::interim::Interim;

/// Heads in a row without anything else. A connection with many requests has as many at most.
const LIMIT: u32 = 2_000;
const HEAD: usize = 9;
const HEADERS: u8 = 1;
const DATA: u8 = 0;
const END_STREAM: u8 = 1;

/// Follows the frames of one connection by their heads (RFC 9113, 4.1).
#[derive(Debug, Default)]
pub(crate) struct Flood {
    head: [u8; HEAD],
    known: usize,
    /// What is left of the current frame's payload.
    payload: usize,
    in_a_row: u32,
}

impl Flood {
    /// Takes what was read next.
    pub(crate) fn read(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            if self.payload > 0 {
                let skipped = self.payload.min(bytes.len());
                self.payload -= skipped;
                bytes = &bytes[skipped..];
                continue;
            }
            let taken = (HEAD - self.known).min(bytes.len());
            self.head[self.known..self.known + taken].copy_from_slice(&bytes[..taken]);
            self.known += taken;
            bytes = &bytes[taken..];
            if self.known == HEAD {
                self.known = 0;
                self.frame()?;
            }
        }
        Ok(())
    }

    fn frame(&mut self) -> io::Result<()> {
        let [high, middle, low, kind, flags, ..] = self.head;
        self.payload = u32::from_be_bytes([0, high, middle, low]) as usize;
        match kind {
            HEADERS if flags & END_STREAM == 0 => {
                self.in_a_row += 1;
                if self.in_a_row > LIMIT {
                    return Err(io::Error::other(Interim::error()));
                }
            }
            HEADERS | DATA => self.in_a_row = 0,
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, length: u8) -> Vec<u8> {
        [&[0, 0, length, kind, flags, 0, 0, 0, 1], &*vec![0; usize::from(length)]].concat()
    }

    #[test]
    fn heads_in_a_row_have_an_end_however_they_are_cut() {
        for piece in [1, 7, 64, 10_000] {
            let mut flood = Flood::default();
            let usual = [frame(HEADERS, 4, 30), frame(DATA, 0, 200), frame(6, 0, 8)].concat();
            for bytes in usual.repeat(10_000).chunks(piece) {
                flood.read(bytes).unwrap();
            }
            let endless = frame(HEADERS, 4, 5).repeat(LIMIT as usize + 2);
            assert!(endless.chunks(piece).any(|bytes| flood.read(bytes).is_err()), "{piece}");
        }
    }
}
