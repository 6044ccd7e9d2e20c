//! Sixteen megabytes that are given back when the disk is full, so that answers on their way can still be stored.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub(super) const SIZE: u64 = 16 << 20;

/// The file and whether it is there.
#[derive(Debug)]
pub(super) struct Ballast {
    path: PathBuf,
    size: u64,
}

impl Ballast {
    pub(super) fn new(path: PathBuf, size: u64) -> Self {
        Self { path, size }
    }

    /// Writes the file unless it is there. Half a file is no ballast and is removed again.
    pub(super) fn load(&self) -> io::Result<()> {
        if fs::metadata(&self.path).is_ok_and(|data| data.is_file() && data.len() == self.size) {
            return Ok(());
        }
        fill(&self.path, self.size).inspect_err(|_| self.drop_it())
    }

    /// Whether there was something to free.
    pub(super) fn free(&self) -> bool {
        fs::remove_file(&self.path).is_ok()
    }

    fn drop_it(&self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Bytes that no file system can leave out or squeeze.
fn fill(path: &Path, size: u64) -> io::Result<()> {
    let mut file = super::folder::private_file(path)?;
    file.set_len(0)?;
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut left = size;
    while left > 0 {
        let mut block = [0_u8; 1 << 12];
        for word in block.chunks_exact_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word.copy_from_slice(&state.to_le_bytes());
        }
        let take = usize::try_from(left).unwrap_or(usize::MAX).min(block.len());
        file.write_all(&block[..take])?;
        left -= take as u64;
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_once_and_freed_once() {
        let dir = tempfile::tempdir().unwrap();
        let ballast = Ballast::new(dir.path().join("ballast"), 100_000);
        ballast.load().unwrap();
        ballast.load().unwrap();
        assert_eq!(fs::metadata(dir.path().join("ballast")).unwrap().len(), 100_000);
        assert!(ballast.free());
        assert!(!ballast.free());
    }

    #[test]
    fn half_a_ballast_is_written_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ballast");
        fs::write(&path, "half").unwrap();
        Ballast::new(path.clone(), 1000).load().unwrap();
        assert_eq!(fs::metadata(path).unwrap().len(), 1000);
    }
}
