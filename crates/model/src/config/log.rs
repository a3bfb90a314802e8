//! How a container's output is kept.

use serde::{Deserialize, Serialize};

use crate::UnknownFields;

/// Bound of a file of the log where nothing else is asked for, bytes.
const DEFAULT_FILE_BYTES: u64 = 50 << 20;
/// Number of files where nothing else is asked for.
const DEFAULT_FILES: u64 = 2;
/// Bound of a file with [`LogDriver::Local`], bytes: Docker's documentation of the `local` driver, "max-size".
const LOCAL_FILE_BYTES: u64 = 20 << 20;
/// Number of files with [`LogDriver::Local`]: Docker's documentation of the `local` driver, "max-file".
const LOCAL_FILES: u64 = 5;

/// Docker's name of a way to keep output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogDriver {
    /// In files, bounded as the default is.
    #[default]
    JsonFile,
    /// In the same files, bounded as Docker's driver is.
    Local,
    /// Not at all.
    None,
}

/// How a container's output is kept. What is `None` is the default of the driver.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LogConfig {
    /// Which way.
    pub driver: LogDriver,
    /// Bound of one file, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_size_bytes: Option<u64>,
    /// Most files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_files: Option<u64>,
    /// Keys of labels that are details of each line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Names of variables that are details of each line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<String>,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

/// How large a log may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogBounds {
    /// Bound of one file, bytes.
    pub file_bytes: u64,
    /// Most files; at least 1.
    pub files: u64,
}

impl LogConfig {
    /// Whether nothing was asked for.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The bounds of the log; `None` when there is to be none.
    #[must_use]
    pub fn bounds(&self) -> Option<LogBounds> {
        let (file_bytes, files) = match (self.driver, self.max_size_bytes) {
            (LogDriver::None, _) => return None,
            (LogDriver::Local, _) => (LOCAL_FILE_BYTES, LOCAL_FILES),
            (LogDriver::JsonFile, None) => (DEFAULT_FILE_BYTES, DEFAULT_FILES),
            // Docker's documentation of the `json-file` driver, "max-file": 1, effective with a size.
            (LogDriver::JsonFile, Some(_)) => (DEFAULT_FILE_BYTES, 1),
        };
        Some(LogBounds {
            file_bytes: self.max_size_bytes.unwrap_or(file_bytes),
            files: self.max_files.unwrap_or(files).max(1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_driver() {
        let bounds = |driver, max_size_bytes, max_files| {
            let config = LogConfig {
                driver,
                max_size_bytes,
                max_files,
                ..LogConfig::default()
            };
            config.bounds().map(|bounds| (bounds.file_bytes, bounds.files))
        };
        assert_eq!(bounds(LogDriver::JsonFile, None, None), Some((50 << 20, 2)));
        assert_eq!(bounds(LogDriver::JsonFile, Some(1000), None), Some((1000, 1)));
        assert_eq!(bounds(LogDriver::JsonFile, None, Some(3)), Some((50 << 20, 3)));
        assert_eq!(bounds(LogDriver::Local, None, None), Some((20 << 20, 5)));
        assert_eq!(bounds(LogDriver::Local, Some(1000), Some(2)), Some((1000, 2)));
        assert_eq!(bounds(LogDriver::None, Some(1000), Some(2)), None);
    }
}
