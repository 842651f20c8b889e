//! A figure, and its files.

/// A file of a figure.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// Its name.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// A figure and what belongs under it.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    /// Stem of its files.
    pub name: String,
    /// Its subject.
    pub title: String,
    /// Everything that one has to know to read it.
    pub caption: String,
    /// Whether its panels are as wide as a page, and not one of two beside each other.
    pub broad: bool,
    /// Each panel as an SVG for the page.
    pub panels: Vec<String>,
    /// SVG first.
    pub files: Vec<File>,
}
