//! What a look around this computer finds before the person says where it is.

use serde::{Deserialize, Serialize};

view! {
    /// A backup in a likely folder. Whose it is stands sealed inside.
    pub struct FoundBackup {
        /// Its folder.
        pub path: String,
        /// When a backup was last added there, by the folder's own date; none where the disk does not tell.
        pub changed: Option<i64>,
    }

    /// An export in a likely folder, known by its name.
    pub struct FoundSource {
        /// The file or folder.
        pub path: String,
        /// The word of its kind, `telegram_export` for one.
        pub source: String,
        /// Size of a file; none for a folder.
        pub bytes: Option<u64>,
        /// When it was last written.
        pub changed: Option<i64>,
    }
}
