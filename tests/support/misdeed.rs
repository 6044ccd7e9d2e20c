//! What can go wrong between a server and its client, as data.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

/// One way to spoil an answer. Where it can, it spoils whole answers and streams alike.
#[derive(Debug, Clone, PartialEq)]
pub enum Misdeed {
    /// The connection is reset when the request is there.
    Reset,
    /// The connection is closed when the request is there.
    Close,
    /// Half of the answer's head comes, then the connection is closed.
    HalfHead,
    /// The head goes on and on.
    EndlessHead,
    /// A head of 200 KB.
    HugeHead,
    /// Nothing comes, and the connection stays open.
    Silence,
    /// Half of the body comes, then nothing, and the connection stays open.
    SilenceInside,
    /// Half of the body comes, then the connection is reset.
    ResetInside,
    /// Half of a chunked body comes, then the connection is closed.
    ChunkedCut,
    /// The head promises 100 bytes more than come.
    LengthTooLong,
    /// The head promises half of what comes.
    LengthTooShort,
    /// The stream ends in good order, but without its closing event. (A whole answer is cut in half.)
    NoEnd,
    /// In the middle of a stream stands an error. (A whole answer is one, with status 200.)
    ErrorInside,
    /// A status with a body and headers of one's own.
    Status { status: u16, headers: Vec<(&'static str, String)>, body: ErrorBody },
    /// This body with status 200 and this content type.
    Body { kind: &'static str, body: Vec<u8> },
    /// A status without a body.
    Empty(u16),
    /// 307 to this place.
    Redirect(String),
    /// A gzip body that breaks off.
    GzipCut,
    /// 48 MB of blanks in a few hundred kilobytes.
    GzipBomb,
    /// A body of this many bytes, as the head says.
    Huge(usize),
    /// The head promises a body of this many bytes, of which none comes.
    HugePromise(usize),
    /// A body of this many bytes, of which the head says nothing.
    HugeInChunks(usize),
    /// One event or line that never ends, of this many bytes.
    EndlessEvent(usize),
    /// The answer, one byte a second (of the server's clock).
    Trickle,
    /// The stream, cut into chunks of one byte.
    Crumbs,
    /// The answer without usage.
    NoUsage,
    /// The answer with a negative count.
    NegativeUsage,
    /// The request's credentials stand in the error and in the answer.
    EchoKey(u16),
}

/// What stands in the body of an error status.
#[derive(Debug, Clone, PartialEq)]
pub enum ErrorBody {
    /// The vendor's shape, with its word and its message.
    Vendor(&'static str, &'static str),
    Text(String),
}

impl Misdeed {
    pub fn status(status: u16) -> Self {
        Self::told(status, "some_error", "It did not work.")
    }

    pub fn told(status: u16, kind: &'static str, message: &'static str) -> Self {
        Self::Status { status, headers: Vec::new(), body: ErrorBody::Vendor(kind, message) }
    }

    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        if let Self::Status { headers, .. } = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
