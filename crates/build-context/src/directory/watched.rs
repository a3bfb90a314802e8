//! For tests: which directories and files are really read.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use container_tree::Status;

use super::{Content, Directory, DiskDirectory, Xattrs};

/// A directory that writes down what is entered, listed and opened.
#[derive(Debug)]
pub(crate) struct Watched {
    directory: Box<dyn Directory>,
    path: String,
    log: Arc<Mutex<Vec<String>>>,
}

impl Watched {
    pub(crate) fn root(path: &Path) -> Self {
        Self {
            directory: Box::new(DiskDirectory::root(path).unwrap()),
            path: String::new(),
            log: Arc::default(),
        }
    }

    /// What was done since this was asked last.
    pub(crate) fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.log.lock().unwrap())
    }
}

impl Directory for Watched {
    fn names(&self) -> io::Result<Vec<Vec<u8>>> {
        self.log.lock().unwrap().push(format!("list {}", self.path));
        self.directory.names()
    }

    fn status(&self, name: &[u8]) -> io::Result<Option<Status>> {
        self.directory.status(name)
    }

    fn enter(&self, name: &[u8]) -> io::Result<Box<dyn Directory>> {
        let path = format!("{}/{}", self.path, String::from_utf8_lossy(name));
        self.log.lock().unwrap().push(format!("enter {path}"));
        Ok(Box::new(Self {
            directory: self.directory.enter(name)?,
            path,
            log: Arc::clone(&self.log),
        }))
    }

    fn read_link(&self, name: &[u8]) -> io::Result<Vec<u8>> {
        self.directory.read_link(name)
    }

    fn open(&self, name: &[u8]) -> io::Result<Content> {
        let path = format!("{}/{}", self.path, String::from_utf8_lossy(name));
        self.log.lock().unwrap().push(format!("open {path}"));
        self.directory.open(name)
    }

    fn xattrs(&self) -> Xattrs {
        self.directory.xattrs()
    }
}
