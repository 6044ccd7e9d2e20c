//! The bytes of a dataset file: a handle with positioned reads, or memory where the file had to be decoded.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

use crate::domain::{Place, Problem};
use crate::store::files::cannot;

/// Files in UTF-16 are decoded in memory, up to this.
const MOST_DECODED: u64 = 256 * 1024 * 1024;

pub(super) enum Bytes {
    File { file: File, start: u64, length: u64, state: State },
    Memory(Vec<u8>),
}

/// What a file looks like from outside; when it changes, offsets mean nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    length: u64,
    modified: Option<SystemTime>,
}

impl State {
    fn of(about: &Metadata) -> Self {
        Self { length: about.len(), modified: about.modified().ok() }
    }
}

impl Bytes {
    /// Opens a text file. A byte order mark is passed over; UTF-16 with one is decoded.
    ///
    /// # Errors
    /// Not there, not an ordinary file, compressed, a web page, a workbook.
    pub fn open(path: &Path, shown: &Path) -> Result<Self, Problem> {
        let refuse = |message: &str, hint: &str| Err(Problem::error(Place::file(shown), message, hint));
        let unreadable = |error: &io::Error| Problem::error(Place::file(shown), cannot("read", error), "");
        let about = std::fs::metadata(path).map_err(|error| unreadable(&error))?;
        if !about.is_file() {
            return refuse("This is not an ordinary file.", "Put a file in its place.");
        }
        let file = File::open(path).map_err(|error| unreadable(&error))?;
        let mut head = Vec::new();
        (&file).take(512).read_to_end(&mut head).map_err(|error| unreadable(&error))?;
        let text = String::from_utf8_lossy(&head).trim_start().to_lowercase();
        if head.starts_with(&[0x1f, 0x8b]) {
            return refuse("The file is compressed (gzip).", "Unpack it first.");
        }
        if head.starts_with(b"PK\x03\x04") {
            return refuse("The file is a ZIP archive or a workbook.", "Export it as CSV, or import it.");
        }
        if text.starts_with("<!doctype") || text.starts_with("<html") || text.starts_with("<?xml") {
            return refuse("The file is a web page or XML, not a table.", "Download the table itself.");
        }
        if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
            return decode_utf16(file, about.len(), head[0] == 0xff, shown).map(Self::Memory);
        }
        let start = if head.starts_with(&[0xef, 0xbb, 0xbf]) { 3 } else { 0 };
        Ok(Self::File { file, start, length: about.len() - start, state: State::of(&about) })
    }

    pub const fn len(&self) -> u64 {
        match self {
            Self::File { length, .. } => *length,
            Self::Memory(bytes) => bytes.len() as u64,
        }
    }

    /// The bytes from `offset`, at most as many as `buffer` takes; fewer at the end only.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Memory(bytes) => {
                let rest = usize::try_from(offset).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
                let count = rest.len().min(buffer.len());
                buffer[..count].copy_from_slice(&rest[..count]);
                Ok(count)
            }
            Self::File { file, start, length, .. } => {
                let left = usize::try_from(length.saturating_sub(offset)).unwrap_or(usize::MAX);
                let wanted = left.min(buffer.len());
                let mut filled = 0;
                while filled < wanted {
                    match read_positioned(file, &mut buffer[filled..wanted], start + offset + filled as u64) {
                        Ok(0) => break,
                        Ok(count) => filled += count,
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(filled)
            }
        }
    }

    /// Whether the file was written to since it was opened. A file that was replaced by another one is still read as it
    /// was, through the open handle.
    pub fn changed(&self) -> bool {
        match self {
            Self::Memory(_) => false,
            Self::File { file, state, .. } => file.metadata().map_or(true, |about| State::of(&about) != *state),
        }
    }
}

#[cfg(unix)]
fn read_positioned(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_positioned(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

fn decode_utf16(mut file: File, length: u64, little: bool, shown: &Path) -> Result<Vec<u8>, Problem> {
    let problem = |message: String, hint: &str| Problem::error(Place::file(shown), message, hint);
    if length > MOST_DECODED {
        return Err(problem("The file is UTF-16 and larger than 256 MB.".to_owned(), "Save it as UTF-8."));
    }
    let mut bytes = Vec::new();
    io::Seek::rewind(&mut file)
        .and_then(|()| file.read_to_end(&mut bytes))
        .map_err(|error| problem(cannot("read", &error), ""))?;
    let (pairs, rest) = bytes[2..].as_chunks::<2>();
    let units = pairs.iter().map(|pair| if little { u16::from_le_bytes(*pair) } else { u16::from_be_bytes(*pair) });
    let text: Result<String, _> = char::decode_utf16(units).collect();
    match text {
        Ok(text) if rest.is_empty() => Ok(text.into_bytes()),
        _ => Err(problem("The file begins like UTF-16 but is not.".to_owned(), "Save it as UTF-8.")),
    }
}
