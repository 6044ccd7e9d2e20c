//! Where the rows of a file are: found in one pass, then read by index.

use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::bytes::Bytes;
use crate::domain::{Fingerprint, Place, Problem};
use crate::store::files::cannot;

/// The longest row, in bytes.
pub(in crate::store) const MAX_ROW: usize = 32 * 1024 * 1024;
/// Line numbers are kept of every row with an index divisible by this; others are counted from there.
const STEP: usize = 256;
const CHUNK: usize = 256 * 1024;

/// Splits bytes into rows.
pub(super) trait Splitter {
    /// Takes a byte; `true` when it ends a row (and belongs to it).
    fn push(&mut self, byte: u8) -> bool;

    /// Something that is not closed at the end of the file.
    fn unfinished(&self) -> Option<Problem> {
        None
    }
}

/// The index of a file's rows.
pub(super) struct Rows {
    bytes: Bytes,
    shown: PathBuf,
    /// Where each row begins.
    offsets: Vec<u64>,
    /// The line of every `STEP`th row.
    lines: Vec<u32>,
    fingerprint: Fingerprint,
}

impl Rows {
    /// Reads the file once. `visit` sees each row (line end included) with its line; rows of white space are left out,
    /// and those for which it answers `false`.
    pub fn scan(
        bytes: Bytes,
        shown: PathBuf,
        splitter: &mut dyn Splitter,
        mut visit: impl FnMut(&[u8], u32) -> Result<bool, Problem>,
    ) -> Result<Self, Problem> {
        let mut rows =
            Self { bytes, shown, offsets: Vec::new(), lines: Vec::new(), fingerprint: Fingerprint::default() };
        let mut hash = Sha256::new();
        let mut chunk = vec![0; CHUNK];
        let mut row: Vec<u8> = Vec::new();
        let (mut at, mut begin, mut line, mut row_line) = (0_u64, 0_u64, 1_u32, 1_u32);
        loop {
            let count = rows.bytes.read_at(at, &mut chunk).map_err(|error| rows.unreadable(&error))?;
            if count == 0 {
                break;
            }
            hash.update(&chunk[..count]);
            let mut rest = 0;
            for (index, byte) in chunk[..count].iter().enumerate() {
                line += u32::from(*byte == b'\n');
                if splitter.push(*byte) {
                    row.extend_from_slice(&chunk[rest..=index]);
                    rest = index + 1;
                    rows.add(&row, begin, row_line, &mut visit)?;
                    row.clear();
                    begin = at + rest as u64;
                    row_line = line;
                }
            }
            row.extend_from_slice(&chunk[rest..count]);
            if row.len() > MAX_ROW {
                return Err(rows.too_long(row_line, splitter));
            }
            at += count as u64;
        }
        if let Some(problem) = splitter.unfinished() {
            return Err(problem);
        }
        rows.add(&row, begin, row_line, &mut visit)?;
        if rows.bytes.changed() {
            return Err(rows.moved());
        }
        rows.fingerprint = Fingerprint(hash.finalize().into());
        Ok(rows)
    }

    fn add(
        &mut self,
        row: &[u8],
        begin: u64,
        line: u32,
        visit: &mut impl FnMut(&[u8], u32) -> Result<bool, Problem>,
    ) -> Result<(), Problem> {
        if row.iter().all(|byte| matches!(byte, b'\r' | b'\n' | b' ' | b'\t')) || !visit(row, line)? {
            return Ok(());
        }
        if self.offsets.len().is_multiple_of(STEP) {
            self.lines.push(line);
        }
        self.offsets.push(begin);
        Ok(())
    }

    pub fn len(&self) -> usize {
        self.offsets.len()
    }

    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    pub fn shown(&self) -> &Path {
        &self.shown
    }

    /// The bytes of a row, and what blank lines follow it.
    pub fn row(&self, index: usize) -> Result<Vec<u8>, Problem> {
        let Some(begin) = self.offsets.get(index).copied() else {
            let message = format!("There is no row {}: the file has {}.", index + 1, self.len());
            return Err(Problem::error(Place::file(&self.shown), message, ""));
        };
        let end = self.offsets.get(index + 1).copied().unwrap_or_else(|| self.bytes.len());
        let mut row = vec![0; usize::try_from(end - begin).unwrap_or(usize::MAX).min(2 * MAX_ROW)];
        let count = self.bytes.read_at(begin, &mut row).map_err(|error| self.unreadable(&error))?;
        row.truncate(count);
        // Looked at after the read: what was read before a change is right, what was read after it may not be.
        if self.bytes.changed() { Err(self.moved()) } else { Ok(row) }
    }

    /// The line on which a row begins.
    pub fn line(&self, index: usize) -> u32 {
        let block = index / STEP;
        let (Some(known), Some(from), Some(to)) =
            (self.lines.get(block), self.offsets.get(block * STEP), self.offsets.get(index))
        else {
            return 1;
        };
        let mut buffer = vec![0; CHUNK];
        let (mut at, mut line) = (*from, *known);
        while at < *to {
            let wanted = usize::try_from(to - at).unwrap_or(CHUNK).min(CHUNK);
            match self.bytes.read_at(at, &mut buffer[..wanted]) {
                Ok(count) if count > 0 => {
                    let newlines = buffer[..count].split(|byte| *byte == b'\n').count() - 1;
                    line += u32::try_from(newlines).unwrap_or(0);
                    at += count as u64;
                }
                _ => return line,
            }
        }
        line
    }

    fn unreadable(&self, error: &io::Error) -> Problem {
        Problem::error(Place::file(&self.shown), cannot("read", error), "")
    }

    fn moved(&self) -> Problem {
        let hint = "Open the dataset again; the run that is under way used the file as it was.";
        Problem::error(Place::file(&self.shown), "The file was changed since it was opened.", hint)
    }

    fn too_long(&self, line: u32, splitter: &dyn Splitter) -> Problem {
        splitter.unfinished().unwrap_or_else(|| {
            let place = Place::at(&self.shown, line, 1);
            Problem::error(place, "The row that begins here is longer than 32 MB.", "Split the text, or refer to it.")
        })
    }
}
