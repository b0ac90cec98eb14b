//! Sources that are a whole tree of files rather than one: downloads of Messenger and Instagram, exports of Slack.

use std::path::Path;

use super::{Cancel, ReadOptions, ReadReport, Recognised, Sink, SourceKind};
use crate::error::ChatError;
use crate::files::Tree;
use crate::{meta, slack};

/// A tree that a reader knows.
#[derive(Debug)]
pub(super) struct FoundTree {
    pub(super) recognised: Recognised,
    tree: Tree,
    /// Files with messages, and what explains them.
    names: Vec<String>,
}

impl FoundTree {
    /// Looks through a folder.
    pub(super) fn in_folder(folder: &Path) -> Result<Option<Self>, ChatError> {
        Self::of(Tree::of_folder(folder))
    }

    /// Looks through a zip whose names are known.
    pub(super) fn in_zip(zip: &Path, names: Vec<String>) -> Result<Option<Self>, ChatError> {
        Self::of(Tree::of_zip(zip, names))
    }

    fn of(tree: Tree) -> Result<Option<Self>, ChatError> {
        let found = |source, confidence, tree, names| {
            Ok(Some(Self { recognised: Recognised { source, confidence }, tree, names }))
        };
        if let Some(names) = slack::recognise(&tree) {
            return found(SourceKind::SlackExport, 95, tree, names);
        }
        match meta::recognise(&tree)? {
            Some(names) => found(SourceKind::MetaExport, 90, tree, names),
            None => Ok(None),
        }
    }

    pub(super) fn read(
        &self,
        options: &ReadOptions,
        sink: &mut dyn Sink,
        cancel: &Cancel,
        report: &mut ReadReport,
    ) -> Result<(), ChatError> {
        report.bytes = report.bytes.saturating_add(self.bytes());
        if self.recognised.source == SourceKind::SlackExport {
            slack::read(&self.tree, options, sink, cancel, report)
        } else {
            meta::read(&self.tree, options, sink, cancel, report)
        }
    }

    /// Files on the disk with the messages.
    pub(super) fn originals(&self) -> Vec<std::path::PathBuf> {
        self.tree.originals(&self.names)
    }

    /// Bytes of those.
    pub(super) fn bytes(&self) -> u64 {
        let sizes = self.originals().into_iter().filter_map(|path| std::fs::metadata(path).ok());
        sizes.fold(0, |sum: u64, about| sum.saturating_add(about.len()))
    }
}
