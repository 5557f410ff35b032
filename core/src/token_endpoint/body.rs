//! The body of a response as it was meant: uncompressed, without a byte order mark. Nobody asked
//! for compression, but some proxies do not ask whether somebody did.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use zeroize::Zeroizing;

/// The largest body that is read, compressed or not.
pub(crate) const BODY_LIMIT: usize = 128 * 1024;

/// A body, borrowed where nothing had to be undone.
pub(crate) enum Body<'a> {
    AsSent(&'a [u8]),
    Unpacked(Zeroizing<Vec<u8>>),
}

impl<'a> Body<'a> {
    /// Undoes gzip and deflate; told of by `content_encoding` or not. An error says what the body is
    /// instead, after `the response`.
    pub(crate) fn read(
        bytes: &'a [u8],
        content_encoding: Option<&str>,
    ) -> Result<Self, &'static str> {
        let encoding = content_encoding.map_or("", str::trim).to_ascii_lowercase();
        match (bytes, &*encoding) {
            ([0x1f, 0x8b, ..], _) => unpacked(MultiGzDecoder::new(bytes)),
            ([0x28, 0xb5, 0x2f, 0xfd, ..], _) | (_, "zstd") => {
                Err("is compressed (zstd) although nobody asked for it")
            }
            (_, "br") => Err("is compressed (br) although nobody asked for it"),
            (_, "deflate" | "x-deflate") => {
                // The name stands for two formats, and servers disagree on which.
                unpacked(ZlibDecoder::new(bytes)).or_else(|problem| {
                    unpacked(DeflateDecoder::new(bytes)).or_else(|_| as_sent(bytes).ok_or(problem))
                })
            }
            ([0x78, ..], _) => Ok(unpacked(ZlibDecoder::new(bytes)).unwrap_or(Self::AsSent(bytes))),
            ([0xff, 0xfe, ..] | [0xfe, 0xff, ..], _) => Err("is UTF-16 and not UTF-8"),
            // Whatever the header says, this is what a proxy left after it had undone it.
            _ => Ok(Self::AsSent(bytes)),
        }
    }

    /// The bytes, without a byte order mark and white space in front.
    pub(crate) fn bytes(&self) -> &[u8] {
        let bytes = match self {
            Self::AsSent(bytes) => bytes,
            Self::Unpacked(bytes) => bytes.as_slice(),
        };
        bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start()
    }
}

/// A body that only says it is compressed, and is an object or a page that anybody can read.
fn as_sent(bytes: &[u8]) -> Option<Body<'_>> {
    let is_text = std::str::from_utf8(bytes).is_ok();
    is_text.then_some(Body::AsSent(bytes))
}

fn unpacked<'a>(source: impl Read) -> Result<Body<'a>, &'static str> {
    // Room for all at once: a buffer that grows leaves what it held behind, unwiped.
    let mut bytes = Zeroizing::new(Vec::with_capacity(BODY_LIMIT + 64));
    match source.take(BODY_LIMIT as u64 + 1).read_to_end(&mut bytes) {
        Ok(_) if bytes.len() > BODY_LIMIT => Err("is longer than 128 KiB when it is unpacked"),
        Ok(_) => Ok(Body::Unpacked(bytes)),
        Err(_) => Err("is compressed, although nobody asked for it, and broken"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use proptest::prelude::*;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_cannot_be_undone_is_named() {
        let problem = |bytes: &[u8], encoding| Body::read(bytes, encoding).map(|_| ()).unwrap_err();
        assert!(problem(b"\x28\xb5\x2f\xfd....", None).contains("zstd"));
        assert!(problem(b"....", Some("BR")).contains("(br)"));
        assert!(problem(b"\xff\xfe{\0", None).contains("UTF-16"));
        let torn = gzip(&[b'x'; 1000]);
        assert!(problem(&torn[..torn.len() / 2], None).contains("broken"));
        assert!(problem(b"\xff\x00\xff", Some("deflate")).contains("broken"));
        assert!(problem(&gzip(&vec![0; 100 * BODY_LIMIT]), None).contains("longer"));
    }

    proptest! {
        // Wiping what was unpacked takes most of the time.
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_was_packed_comes_out_and_anything_else_is_left_alone(text in "[{<a-z]?.{0,300}") {
            let bytes = text.as_bytes();
            let plain = text.strip_prefix('\u{feff}').unwrap_or(&text).trim_ascii_start();
            let read = |bytes: &[u8], encoding| Body::read(bytes, encoding).map(|body| body.bytes().to_vec());
            for encoding in [None, Some("gzip"), Some("identity")] {
                prop_assert_eq!(read(&gzip(bytes), encoding), Ok(plain.into()));
                prop_assert_eq!(read(&zlib(bytes), encoding), Ok(plain.into()));
                prop_assert_eq!(read(bytes, encoding), Ok(plain.into()));
            }
            prop_assert_eq!(read(&zlib(bytes), Some("deflate")), Ok(plain.into()));
            prop_assert_eq!(read(&deflate(bytes), Some("deflate")), Ok(plain.into()));
            let marked = [b"\xef\xbb\xbf", bytes].concat();
            prop_assert!(read(&marked, None).is_ok());
        }

        #[test]
        fn no_bytes_are_too_odd(bytes: Vec<u8>, encoding in proptest::option::of("gzip|deflate|br|zstd|.*")) {
            if let Ok(body) = Body::read(&bytes, encoding.as_deref()) {
                prop_assert!(body.bytes().len() <= BODY_LIMIT);
            }
        }
    }
}
